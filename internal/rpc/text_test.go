package rpc_test

import (
	"os"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"gopkg.in/yaml.v3"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure" // methods of Bloblang

	"github.com/s3-destination/s3-destination/internal/rpc/runtimepb"
)

// sent is a value as Redpanda Connect sends it: text as text, whatever it is made of.
func sent(v any) *runtimepb.Value {
	switch v := v.(type) {
	case []byte:
		return &runtimepb.Value{Kind: &runtimepb.Value_BytesValue{BytesValue: v}}
	case []any:
		list := &runtimepb.ListValue{}
		for _, e := range v {
			list.Values = append(list.Values, sent(e))
		}
		return &runtimepb.Value{Kind: &runtimepb.Value_ListValue{ListValue: list}}
	case map[string]any:
		return &runtimepb.Value{Kind: &runtimepb.Value_StructValue{StructValue: object(v)}}
	}
	return word(v.(string))
}

func object(values map[string]any) *runtimepb.StructValue {
	fields := map[string]*runtimepb.Value{}
	for name, v := range values {
		fields[name] = sent(v)
	}
	return &runtimepb.StructValue{Fields: fields}
}

// described is a record with metadata.
func described(metadata map[string]any) *runtimepb.Message {
	m := payload([]byte("{}"))
	m.Metadata = object(metadata)
	return m
}

// metadataOf is that of a message.
func metadataOf(t *testing.T, m *service.Message) map[string]any {
	t.Helper()
	found := map[string]any{}
	require.NoError(t, m.MetaWalkMut(func(name string, v any) error {
		found[name] = v
		return nil
	}))
	return found
}

// Names and values that are not UTF-8 cannot be sent as text. The call fails before it
// reaches the plugin: nothing of the batch is stored, and Redpanda Connect keeps it. As
// bytes values get through as they are.
func TestMetadataThatIsNoTextCannotBeSent(t *testing.T) {
	r := serve(t, &fake{})
	require.Nil(t, r.init(t, nil).GetError())
	for _, metadata := range []map[string]any{{"team": "re\xff"}, {"te\xffam": "red"}, {"teams": []any{"\xff"}}} {
		_, err := r.Send(t.Context(), &runtimepb.BatchOutputSendRequest{Batch: &runtimepb.MessageBatch{
			Messages: []*runtimepb.Message{payload([]byte("{}")), described(metadata)},
		}})
		require.Equal(t, codes.Internal, status.Code(err), "%v", metadata)
		require.ErrorContains(t, err, "invalid UTF-8")
	}
	require.Empty(t, r.out.got())
	require.Nil(t, r.send(t, described(map[string]any{"team": []byte("re\xff")})), "the plugin goes on")
	assert.Equal(t, map[string]any{"team": []byte("re\xff")}, metadataOf(t, r.out.got()[0][0]))
	r.close(t)
}

// mappingOfThePage is the one that docs/plugin.md has for Kafka and HTTP.
func mappingOfThePage(t *testing.T) *bloblang.Executor {
	t.Helper()
	page, err := os.ReadFile("../../docs/plugin.md")
	require.NoError(t, err)
	_, snippet, ok := strings.Cut(string(page), "```yaml\ninput:")
	require.True(t, ok)
	snippet, _, _ = strings.Cut(snippet, "```")
	var conf struct {
		Pipeline struct {
			Processors []struct{ Mapping string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte("input:"+snippet), &conf))
	require.Len(t, conf.Pipeline.Processors, 1)
	mapping, err := bloblang.Parse(conf.Pipeline.Processors[0].Mapping)
	require.NoError(t, err)
	return mapping
}

// With the mapping of the page everything can be sent.
func TestTheMappingOfThePageMakesMetadataSendable(t *testing.T) {
	r := serve(t, &fake{})
	require.Nil(t, r.init(t, nil).GetError())
	m := service.NewMessage([]byte("{}"))
	for name, value := range map[string]any{
		"plain": "text", "caf\u00e9": "gr\u00fcn", "value": "re\xff", "na\xffme\xfe": "red", "both\xff": "\xff",
		"__rpcn_kafka_headers": []any{map[string]any{"name": "na\xffme", "value": "x"}},
	} {
		m.MetaSetMut(name, value)
	}
	mapped, err := m.BloblangQuery(mappingOfThePage(t))
	require.NoError(t, err)
	metadata := metadataOf(t, mapped)
	require.Nil(t, r.send(t, described(metadata)))
	got := metadataOf(t, r.out.got()[0][0])
	delete(got, "__rpcn_kafka_headers") // the same once more
	assert.Equal(t, map[string]any{
		"plain": "text", "caf\u00e9": "gr\u00fcn", "value": []byte("re\xff"), "na\ufffdme\ufffd": "red", "both\ufffd": []byte("\xff"),
	}, got)
	r.close(t)
}
