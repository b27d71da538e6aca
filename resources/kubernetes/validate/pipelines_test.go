package validate

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

// pipeline is what the manifests depend on of a pipeline.
type pipeline struct {
	HTTP  struct{ Address string }
	Input struct {
		Kafka struct {
			Instance string `json:"instance_id"`
			Session  string `json:"session_timeout"`
		} `json:"s3_destination_kafka"`
	}
	Output struct {
		S3 struct {
			MemoryLimit string `json:"memory_limit"`
		} `json:"s3_destination"`
	}
	ShutdownTimeout string `json:"shutdown_timeout"`
}

func readPipeline(t *testing.T, text string) pipeline {
	t.Helper()
	var p pipeline
	require.NoError(t, yaml.Unmarshal([]byte(text), &p))
	return p
}

// configMap is the one that a name with a hash begins with.
func configMap(t *testing.T, m manifests, prefix string) corev1.ConfigMap {
	t.Helper()
	for name, c := range m.configMaps {
		if strings.HasPrefix(name, prefix+"-") {
			return c
		}
	}
	t.Fatalf("no config map %s", prefix)
	return corev1.ConfigMap{}
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

func bytes(t *testing.T, text string) int64 {
	t.Helper()
	q, err := resource.ParseQuantity(strings.TrimSuffix(text, "B"))
	require.NoError(t, err)
	return q.Value()
}

const mb = 1_000_000

func TestConsumersHaveTheMemoryThatTheirPipelineNeeds(t *testing.T) {
	m := load(t, "../consumers")
	p := readPipeline(t, configMap(t, m, "s3-destination-pipeline").Data["pipeline.yaml"])
	// docs/deployment.md: what the input reads counts against memory_limit.
	needed := bytes(t, p.Output.S3.MemoryLimit) + 150*mb
	resources := ours(t, m).Resources
	limit := resources.Limits.Memory().Value()
	assert.GreaterOrEqual(t, limit, needed)
	assert.Less(t, limit, needed*13/10, "and not much more")
	assert.Equal(t, limit, resources.Requests.Memory().Value(), "no pod is evicted for using it")
}

func TestSidecarHasTheMemoryThatItsSettingsNeed(t *testing.T) {
	m := load(t, "../sidecar")
	settings := configMap(t, m, "s3-destination-settings").Data
	slots, err := resource.ParseQuantity(settings["MAX_IN_FLIGHT"])
	require.NoError(t, err)
	const request = 10_000 // bytes
	needed := bytes(t, settings["MEMORY_LIMIT"]) + slots.Value()*request + 150*mb
	resources := ours(t, m).Resources
	limit := resources.Limits.Memory().Value()
	assert.GreaterOrEqual(t, limit, needed)
	assert.Less(t, limit, needed*13/10)
}

func TestPodsAreGivenTheTimeThatAStopTakes(t *testing.T) {
	const margin = 5 * time.Second
	consumers := load(t, "../consumers")
	p := readPipeline(t, configMap(t, consumers, "s3-destination-pipeline").Data["pipeline.yaml"])
	assert.GreaterOrEqual(t, grace(consumers), duration(t, p.ShutdownTimeout)+margin)

	sidecar := load(t, "../sidecar")
	settings := configMap(t, sidecar, "s3-destination-settings").Data
	// The application has the rest.
	assert.GreaterOrEqual(t, grace(sidecar), duration(t, settings["SHUTDOWN_TIMEOUT"])+margin+30*time.Second)
	s := ours(t, sidecar)
	require.NotNil(t, s.RestartPolicy, "a sidecar ends after the application")
	assert.Equal(t, corev1.ContainerRestartPolicyAlways, *s.RestartPolicy)
	assert.Equal(t, s.Name, sidecar.template().Spec.InitContainers[0].Name)
}

func TestARestartedConsumerKeepsItsPartitions(t *testing.T) {
	m := load(t, "../consumers")
	p := readPipeline(t, configMap(t, m, "s3-destination-pipeline").Data["pipeline.yaml"])
	assert.Equal(t, "${KAFKA_INSTANCE_ID:}", p.Input.Kafka.Instance)
	require.NotNil(t, m.statefulSet, "the pods of a Deployment have other names each time")
	var from *corev1.EnvVarSource
	for _, e := range ours(t, m).Env {
		if e.Name == "KAFKA_INSTANCE_ID" {
			from = e.ValueFrom
		}
	}
	require.NotNil(t, from)
	assert.Equal(t, "metadata.name", from.FieldRef.FieldPath)
	assert.GreaterOrEqual(t, duration(t, p.Input.Kafka.Session), 2*grace(m), "the time to stop, and as much to start")
}

func grace(m manifests) time.Duration {
	return time.Duration(*m.template().Spec.TerminationGracePeriodSeconds) * time.Second
}

func TestProbesAskWhatTheProcessServes(t *testing.T) {
	eachDeployment(t, func(t *testing.T, m manifests) {
		c := ours(t, m)
		require.Len(t, c.Ports, 1)
		assert.EqualValues(t, 4195, c.Ports[0].ContainerPort)
		for path, probe := range map[string]*corev1.Probe{"/ping": c.LivenessProbe, "/ready": c.ReadinessProbe} {
			require.NotNil(t, probe)
			assert.Equal(t, path, probe.HTTPGet.Path)
			assert.Equal(t, c.Ports[0].Name, probe.HTTPGet.Port.StrVal)
		}
		assert.Equal(t, "/ping", c.StartupProbe.HTTPGet.Path)
		assert.Equal(t, "4195", m.template().Annotations["prometheus.io/port"])
	})
	p := readPipeline(t, configMap(t, load(t, "../consumers"), "s3-destination-pipeline").Data["pipeline.yaml"])
	assert.Equal(t, "0.0.0.0:4195", p.HTTP.Address)
}

var variable = regexp.MustCompile(`\$\{([A-Z_]+)`)

func TestSettingsAreVariablesOfThePipelines(t *testing.T) {
	docker, err := os.ReadFile(filepath.Join("..", "..", "..", "config", "docker.yaml"))
	require.NoError(t, err)
	consumers := load(t, "../consumers")
	for _, c := range []struct {
		m        manifests
		pipeline string
	}{
		{consumers, configMap(t, consumers, "s3-destination-pipeline").Data["pipeline.yaml"]},
		{load(t, "../sidecar"), string(docker)},
	} {
		known := []string{"AWS_REGION"} // read by the AWS SDK
		for _, v := range variable.FindAllStringSubmatch(c.pipeline, -1) {
			known = append(known, v[1])
		}
		settings := configMap(t, c.m, "s3-destination-settings").Data
		assert.Contains(t, settings, "BUCKET")
		for name := range settings {
			assert.Contains(t, known, name)
		}
	}
}

func TestTheApplicationPostsWhereTheSidecarListens(t *testing.T) {
	m := load(t, "../sidecar")
	address := configMap(t, m, "s3-destination-settings").Data["INPUT_ADDRESS"]
	assert.Regexp(t, `^127\.0\.0\.1:\d+$`, address, "nothing outside the pod reaches it")
	var application struct {
		Output struct {
			HTTP struct{ URL string } `json:"http_client"`
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(configMap(t, m, "application").Data["application.yaml"]), &application))
	assert.Equal(t, "http://"+address+"/events", application.Output.HTTP.URL)
}
