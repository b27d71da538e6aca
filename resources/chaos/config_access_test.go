package main

import (
	"bytes"
	bin "encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

// keyrings are the servers that accept the sessions of one STS.
type keyrings []*s3test.Server

func (k keyrings) AddKey(id, secret, token string) {
	for _, s := range k {
		s.AddKey(id, secret, token)
	}
}

func (k keyrings) ExpireKey(id string) {
	for _, s := range k {
		s.ExpireKey(id)
	}
}

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"%s}]}`

func TestExampleCustomerBucketsAreReachedThroughChainedRoles(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	w := place(t)
	acme, globex := s3test.StartT(t, s3test.Config{}), s3test.StartT(t, s3test.Config{})
	sts := ststest.StartT(t, ststest.Config{Keys: keyrings{w.s3, acme, globex}})
	user := sts.AddUser("111122223333", "deliverer")
	const hub = "arn:aws:iam::111122223333:role/delivery-hub"
	require.NoError(t, sts.AddRole(hub, fmt.Sprintf(trust, user.ARN, ""), 0))
	for name, account := range map[string]string{"acme": "222233334444", "globex": "333344445555"} {
		condition := fmt.Sprintf(`,"Condition":{"StringEquals":{"sts:ExternalId":"secret-of-%s"}}`, name)
		require.NoError(t, sts.AddRole("arn:aws:iam::"+account+":role/landing-writer", fmt.Sprintf(trust, hub, condition), 0))
	}
	c := example(t, w, "kafka-customer-buckets.yaml",
		map[string]*s3test.Server{"OWN_BUCKET": w.s3, "ACME_BUCKET": acme, "GLOBEX_BUCKET": globex},
		"AWS_ACCESS_KEY_ID="+user.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+user.SecretAccessKey,
		"AWS_ENDPOINT_URL_STS="+sts.URL, "ACME_EXTERNAL_ID=secret-of-acme", "GLOBEX_EXTERNAL_ID=secret-of-globex")
	feedLines(t, w, `{"account":" ACME","date":"2026-07-01"}`, `{"account":"globex","date":"2026-07-01"}`, `{"account":"initech","date":"2026-07-01"}`)
	finishExample(t, w, c)
	// Two lines each: the header and the record.
	assert.Equal(t, 2, gzipLines(t, acme, "reports/2026/07/01/"))
	assert.Equal(t, 2, gzipLines(t, globex, "reports/2026/07/01/"))
	assert.Equal(t, 2, gzipLines(t, w.s3, "unassigned/initech/2026/07/01/"))
	assert.NotContains(t, c.logged(), "secret-of")
}

// registry is a schema registry with a list of schemas, whose ids are their
// indices.
func registry(t *testing.T, schemas ...string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for id, schema := range schemas {
			if strings.HasPrefix(r.URL.Path, fmt.Sprintf("/schemas/ids/%d", id)) {
				_ = json.NewEncoder(w).Encode(map[string]any{"schema": schema, "subject": "payments-value", "version": id + 1, "id": id})
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestExampleSchemaRegistryKeepsVersionsApart(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	w := place(t)
	schemas := []string{
		`{"type":"record","name":"Payment","fields":[{"name":"id","type":"long"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}`,
		`{"type":"record","name":"Payment","fields":[{"name":"id","type":"long"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"currency","type":["null","string"],"default":null}]}`,
	}
	c := example(t, w, "kafka-schema-registry.yaml", map[string]*s3test.Server{"BUCKET": w.s3}, "SCHEMA_REGISTRY="+registry(t, schemas...))
	at := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
	send := func(schema int, v map[string]any) {
		body, err := avro.Marshal(avro.MustParse(schemas[schema]), v)
		require.NoError(t, err)
		value := append(bin.BigEndian.AppendUint32([]byte{0}, uint32(schema)), body...)
		require.NoError(t, w.kafka.Produce(t.Context(), &kgo.Record{Topic: topic, Value: value, Timestamp: at}))
	}
	for id := range 10 {
		send(id%2, map[string]any{"id": id, "at": at, "currency": "EUR"})
	}
	require.NoError(t, w.kafka.Produce(t.Context(), &kgo.Record{Topic: topic, Value: []byte("no avro"), Timestamp: at}))
	finishExample(t, w, c)
	rows := map[int]int64{} // by number of columns
	for _, o := range w.s3.Objects("payments/date=2026-07-01/") {
		f, err := parquet.OpenFile(bytes.NewReader(o.Body), int64(len(o.Body)))
		require.NoError(t, err, o.Key)
		rows[len(f.Schema().Fields())] += f.NumRows()
	}
	assert.Equal(t, map[int]int64{2: 5, 3: 5}, rows, c.logged())
	letters := w.s3.Objects("payments/_dead_letters/")
	require.Len(t, letters, 1)
	assert.Contains(t, string(letters[0].Body), `"payload":"no avro"`)
}
