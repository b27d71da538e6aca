package validate

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ours are the services that run our image.
var ours = []string{"lander", "producer", "sidecar", "application"}

// load reads the file as docker compose does: schema, references, merges.
func load(t *testing.T, path string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{path})
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t, "../compose.yaml")
	require.NoError(t, err)
	return p
}

func TestComposeFileKeepsTheSpecification(t *testing.T) {
	assert.ElementsMatch(t, append([]string{"kafka", "s3", "prometheus", "grafana"}, ours...), project(t).ServiceNames())
}

func TestTheSidecarGetsAVolumeForItsSpool(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{"../compose.yaml", "../compose.spool.yaml"})
	require.NoError(t, err)
	p, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	s := p.Services["sidecar"]
	require.Len(t, s.Volumes, 1)
	assert.Equal(t, types.VolumeTypeVolume, s.Volumes[0].Type)
	assert.Equal(t, *s.Environment["SPOOL_PATH"], s.Volumes[0].Target)
	assert.Contains(t, p.Volumes, "spool")
	assert.True(t, s.ReadOnly)
	dockerfile, err := os.ReadFile("../../../Dockerfile")
	require.NoError(t, err)
	assert.Contains(t, string(dockerfile), "--chown=65532:65532 /out/spool "+s.Volumes[0].Target, "a new volume gets its owner from the image")
	config, err := os.ReadFile("../../../config/docker.yaml")
	require.NoError(t, err)
	for name := range s.Environment {
		if strings.HasPrefix(name, "SPOOL_") {
			assert.Contains(t, string(config), "${"+name+":", name)
		}
	}
}

func TestLoaderRefusesWhatIsWrong(t *testing.T) {
	text, err := os.ReadFile("../compose.yaml")
	require.NoError(t, err)
	for wrong, change := range map[string][2]string{
		"a key that is misspelt":      {"read_only: true", "readonly: true"},
		"a service that is not there": {"s3: {condition: service_healthy}", "s4: {condition: service_healthy}"},
		"a volume that is not there":  {"objects:/data", "things:/data"},
	} {
		path := filepath.Join(t.TempDir(), "compose.yaml")
		changed := strings.Replace(string(text), change[0], change[1], 1)
		require.NotEqual(t, string(text), changed)
		require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
		_, err := load(t, path)
		assert.Error(t, err, wrong)
	}
}

func TestMountedFilesExist(t *testing.T) {
	for name, service := range project(t).Services {
		for _, v := range service.Volumes {
			if v.Type == types.VolumeTypeBind {
				stat, err := os.Stat(v.Source)
				if assert.NoError(t, err, "%s mounts %s", name, v.Source) {
					assert.False(t, stat.IsDir())
					assert.True(t, v.ReadOnly, "%s mounts %s", name, v.Source)
				}
			}
		}
		if service.Build != nil {
			assert.FileExists(t, filepath.Join(service.Build.Context, "Dockerfile"))
		}
	}
}

func TestOurContainersAreConfined(t *testing.T) {
	for _, name := range ours {
		s := project(t).Services[name]
		assert.True(t, s.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, s.CapDrop, name)
		assert.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		assert.Greater(t, time.Duration(*s.StopGracePeriod), 25*time.Second, "%s: longer than shutdown_timeout", name)
		assert.Equal(t, "s3-destination:compose", s.Image, name)
	}
}

func TestOnlyLoopbackIsPublished(t *testing.T) {
	for name, service := range project(t).Services {
		for _, p := range service.Ports {
			assert.Equal(t, "127.0.0.1", p.HostIP, name)
		}
	}
}

// address is how a file of this directory names a service and a port.
var address = regexp.MustCompile(`\b(kafka|s3|lander|sidecar|prometheus):(\d{4,})\b`)

func TestFilesNamePortsThatServicesServe(t *testing.T) {
	served := map[string]string{"kafka": "9092", "s3": "7070", "lander": "4195", "sidecar": "4195", "prometheus": "9090"}
	files, err := filepath.Glob("../*.yaml")
	require.NoError(t, err)
	more, err := filepath.Glob("../grafana/*.yaml")
	require.NoError(t, err)
	found := 0
	for _, path := range append(files, more...) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range address.FindAllStringSubmatch(string(text), -1) {
			found++
			assert.Equal(t, served[m[1]], m[2], "%s: %s", path, m[0])
		}
	}
	assert.Greater(t, found, 6)
}

var variable = regexp.MustCompile(`\$\{([A-Z_]+)`)

func TestSidecarIsGivenVariablesThatItKnows(t *testing.T) {
	config, err := os.ReadFile(filepath.Join("..", "..", "..", "config", "docker.yaml"))
	require.NoError(t, err)
	known := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} // read by the AWS SDK
	for _, m := range variable.FindAllStringSubmatch(string(config), -1) {
		known = append(known, m[1])
	}
	for name := range project(t).Services["sidecar"].Environment {
		assert.Contains(t, known, name)
	}
}
