package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/s3-destination/s3-destination/internal/rpc"
	"github.com/s3-destination/s3-destination/internal/rpc/runtimepb"
	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// plugged is the command rpc, with a client in place of Redpanda Connect.
type plugged struct {
	runtimepb.BatchOutputServiceClient
	cmd  *exec.Cmd
	logs logs.Buffer
	done chan error
}

func startPlugin(t *testing.T, args ...string) *plugged {
	t.Helper()
	address := "unix:" + filepath.Join(t.TempDir(), "s")
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	p := &plugged{cmd: exec.Command(binary, append([]string{"rpc"}, args...)...), done: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), rpc.AddressVariable+"="+address)
	p.cmd.Stdout, p.cmd.Stderr = &p.logs, &p.logs
	require.NoError(t, p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = conn.Close()
	})
	p.BatchOutputServiceClient = runtimepb.NewBatchOutputServiceClient(conn)
	return p
}

func protoText(s string) *runtimepb.Value {
	return &runtimepb.Value{Kind: &runtimepb.Value_StringValue{StringValue: s}}
}

func protoObject(fields map[string]*runtimepb.Value) *runtimepb.Value {
	return &runtimepb.Value{Kind: &runtimepb.Value_StructValue{StructValue: &runtimepb.StructValue{Fields: fields}}}
}

// pluginConfig is a configuration as Redpanda Connect passes it: with the defaults of
// the manifest.
func pluginConfig(s *s3test.Server) map[string]*runtimepb.Value {
	return map[string]*runtimepb.Value{
		"bucket": protoText(s.Bucket), "region": protoText("us-east-1"), "endpoint": protoText(s.URL),
		"force_path_style_urls": {Kind: &runtimepb.Value_BoolValue{BoolValue: true}},
		"auth": protoObject(map[string]*runtimepb.Value{
			"mode": protoText("access_key"), "access_key_id": protoText(s.AccessKey), "secret_access_key": protoText(s.SecretKey),
		}),
		"folder": protoText("in"), "file_name": protoText("f-{{chunk_id}}"), "file_format": protoText("json"),
		"separator": protoText("comma"), "csv": protoObject(nil), "max_age": protoText("1h"), "idle_timeout": protoText("1h"),
		"on_bad_record": protoText("drop"),
	}
}

func (p *plugged) initialize(t *testing.T, conf map[string]*runtimepb.Value) string {
	t.Helper()
	res, err := p.Init(t.Context(), &runtimepb.BatchOutputInitRequest{Config: protoObject(conf)}, grpc.WaitForReady(true))
	require.NoError(t, err, "%s", &p.logs)
	if res.GetError() == nil {
		assert.Equal(t, int32(1000), res.GetMaxInFlight())
	}
	return res.GetError().GetMessage()
}

func (p *plugged) sendRecords(t *testing.T, payloads ...string) <-chan error {
	t.Helper()
	batch := &runtimepb.MessageBatch{}
	for _, b := range payloads {
		batch.Messages = append(batch.Messages, &runtimepb.Message{Payload: &runtimepb.Message_Bytes{Bytes: []byte(b)}})
	}
	done := make(chan error, 1)
	go func() {
		res, err := p.Send(t.Context(), &runtimepb.BatchOutputSendRequest{Batch: batch})
		if text := res.GetError().GetMessage(); text != "" {
			err = fmt.Errorf("%s", text)
		}
		done <- err
	}()
	return done
}

// The signal of a terminal comes to both processes. What waits for max_age is stored at
// once, a bad record harms nobody else, and the process ends after Close.
func TestAPluginStoresWhatItHoldsAtASignal(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	metrics := freeAddress(t)
	p := startPlugin(t, "--http", metrics)
	require.Empty(t, p.initialize(t, pluginConfig(s)))
	_, err := p.Connect(t.Context(), &runtimepb.BatchOutputConnectRequest{})
	require.NoError(t, err)
	sent := p.sendRecords(t, `{"id":1}`, `{`, `{"id":2}`)
	open := regexp.MustCompile(`(?m)^s3_destination_open_partitions(\{.*\})? 1$`)
	require.Eventually(t, func() bool { return open.MatchString(scrape(metrics)) }, patience, 20*time.Millisecond, "%s", &p.logs)
	require.Empty(t, s.Keys("in/f"))
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGINT))
	require.NoError(t, <-sent)
	require.NoError(t, <-p.sendRecords(t, `{"id":3}`), "what comes later is stored too")
	_, err = p.Close(t.Context(), &runtimepb.BatchOutputCloseRequest{})
	require.NoError(t, err)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-p.done, "%s", &p.logs)
	assert.Equal(t, map[int]int{1: 1, 2: 1, 3: 1}, stored(t, s))
	assert.NotContains(t, p.logs.String(), s.SecretKey)
}

func scrape(address string) string {
	res, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return string(text)
}

func TestAPluginRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startPlugin(t)
	for _, c := range []struct {
		name  string
		value *runtimepb.Value
		want  string
	}{
		{"on_bad_record", protoText("reject"), "on_bad_record: the protocol of plugins has no errors of single records"},
		{"on_bad_record", nil, "write dead_letter or drop"},
		{"batching", protoObject(map[string]*runtimepb.Value{"processors": protoText("x")}), "batching.processors: the protocol"},
		{"spool", protoObject(map[string]*runtimepb.Value{"pat": protoText("x")}), "did you mean path?"},
		{"file_format", protoText("xml"), "file_format"},
	} {
		conf := pluginConfig(s)
		conf[c.name] = c.value
		assert.Contains(t, p.initialize(t, conf), c.want)
	}
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-p.done, "Redpanda Connect gives up without Close")
}

// What was not acknowledged when the process had to end is said by its exit code.
func TestAPluginThatLosesItsRedpandaConnectSaysWhatIsNotStored(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startPlugin(t)
	require.Empty(t, p.initialize(t, pluginConfig(s)))
	_, err := p.Connect(t.Context(), &runtimepb.BatchOutputConnectRequest{})
	require.NoError(t, err)
	s.Faults.Deny("PutObject")
	_ = p.sendRecords(t, `{"id":1}`)
	time.Sleep(200 * time.Millisecond)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	time.Sleep(200 * time.Millisecond)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	var exit *exec.ExitError
	require.ErrorAs(t, <-p.done, &exit, "%s", &p.logs)
	assert.Equal(t, exitUnstored, exit.ExitCode(), "%s", &p.logs)
	assert.Contains(t, p.logs.String(), "1 record")
}

func TestTheManifestInTheArchivesIsThatOfTheCommand(t *testing.T) {
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	printed, err := exec.CommandContext(t.Context(), binary, "rpc", "--manifest").Output()
	require.NoError(t, err)
	kept, err := os.ReadFile("../../resources/connect/plugin.yaml")
	require.NoError(t, err)
	assert.Equal(t, string(kept), string(printed), "run make docs")
}
