//go:build docsrun

package docsrun

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/ports"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// world is what a reader would have: a clone with the binary built, a bucket,
// a Kafka topic with records, and a configuration.
type world struct {
	dir   string // the clone
	s3    *s3test.Server
	kafka *kafkatest.Cluster
	env   []string
	// pipelines are the configurations that pipeline.yaml can be.
	pipelines map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		dir:   clone(t),
		s3:    s3test.StartT(t, s3test.Config{Buckets: []string{"my-bucket"}}),
		kafka: kafkatest.StartT(t),
	}
	require.NoError(t, w.kafka.CreateTopic(t.Context(), "events", 2))
	w.env = w.environment(t)
	w.pipelines = w.configurations(t)
	w.write(t, "records.jsonl", records)
	w.write(t, "lake/orders/a.jsonl", records)
	w.run(t, "make build")
	return w
}

// records are what commands read that take records.
const records = `{"id":1,"source":"shop","created_at":"2026-07-01T10:00:00Z"}
{"id":2,"source":"web","created_at":"2026-07-02T10:00:00Z"}
`

// clone makes a clean clone, with the changes of the working tree to files
// that are tracked.
func clone(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "s3-destination")
	must(t, exec.Command("git", "clone", "--quiet", "--no-hardlinks", root, dir))
	diff := exec.Command("git", "diff", "--binary", "HEAD")
	diff.Dir = root
	patch := must(t, diff)
	if strings.TrimSpace(patch) != "" {
		apply := exec.Command("git", "apply", "--whitespace=nowarn")
		apply.Dir, apply.Stdin = dir, strings.NewReader(patch)
		must(t, apply)
	}
	return dir
}

func must(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var problems strings.Builder
	cmd.Stderr = &problems
	text, err := cmd.Output()
	require.NoError(t, err, "%s: %s", cmd, problems.String())
	return string(text)
}

// environment is that of a shell whose AWS is the server of this process.
func (w *world) environment(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	env := []string{
		"PATH=" + filepath.Join(w.dir, "bin") + ":" + os.Getenv("PATH"),
		"HOME=" + home, "TMPDIR=" + home, "GOBIN=" + filepath.Join(home, "go-bin"), "NO_COLOR=1",
		"AWS_ENDPOINT_URL=" + w.s3.URL, "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=" + w.s3.AccessKey, "AWS_SECRET_ACCESS_KEY=" + w.s3.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "EXTERNAL_ID=agency_ws1", "AWS_KEY=AKIAEXAMPLE", "AWS_SECRET=example", "BUCKET=my-bucket",
		"HTTP_ADDRESS=" + freeAddress(t), "INPUT_ADDRESS=" + freeAddress(t),
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOFLAGS", "GOTOOLCHAIN", "GOPATH"} {
		env = append(env, name+"="+strings.TrimSpace(must(t, exec.Command("go", "env", name))))
	}
	return env
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := ports.Address(t.Context())
	require.NoError(t, err)
	return address
}

// configurations makes pipeline.yaml from the one that README.md shows: its
// broker is replaced, and the HTTP server takes a free port.
func (w *world) configurations(t *testing.T) map[string]string {
	t.Helper()
	fences, err := Fences(root)
	require.NoError(t, err)
	shown := ""
	for _, f := range fences {
		if f.Page == "README.md" && f.Lang == "yaml" && strings.Contains(f.Text, "output:") {
			shown = f.Text
			break
		}
	}
	require.Contains(t, shown, "broker:9092", "README.md shows a configuration")
	shown = strings.ReplaceAll(shown, "broker:9092", w.kafka.Seeds[0]) +
		fmt.Sprintf("http: {address: %s}\n", freeAddress(t))
	insert := func(settings string) string {
		return strings.Replace(shown, "    region: eu-west-1\n", "    region: eu-west-1\n"+settings, 1)
	}
	all := map[string]string{
		"": shown,
		"tests": shown + "pipeline: {processors: [{mapping: 'root = this'}]}\n" +
			"tests: [{name: passes, target_processors: /pipeline/processors, input_batch: [{content: '{\"id\":1}'}], output_batches: [[{json_equals: {id: 1}}]]}]\n",
		"role": insert("    auth: {mode: assume_role, role_arn: 'arn:aws:iam::444455556666:role/landing-writer', external_id: agency_ws1}\n"),
		"kms": insert("    encryption: {mode: sse-kms-cmk, kms_key: " +
			"'arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab'}\n"),
	}
	all["parquet"] = strings.Replace(shown, "file_format: json+gzip", "file_format: parquet", 1)
	require.NotEqual(t, shown, all["role"])
	require.NotEqual(t, shown, all["parquet"])
	return all
}

func (w *world) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// use makes one of the configurations pipeline.yaml.
func (w *world) use(t *testing.T, name string) {
	t.Helper()
	text, ok := w.pipelines[name]
	require.True(t, ok, "no configuration %q", name)
	w.write(t, "pipeline.yaml", text)
}
