package validate

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// spoolPath is where the pipeline keeps its spool, and how much it may take.
type spoolPath struct {
	Output struct {
		S3 struct {
			Spool struct {
				Path    string `json:"path"`
				MaxSize string `json:"max_size"`
			} `json:"spool"`
		} `json:"s3_destination"`
	}
}

func mounted(t *testing.T, c corev1.Container, name string) string {
	t.Helper()
	for _, m := range c.VolumeMounts {
		if m.Name == name {
			assert.False(t, m.ReadOnly)
			return m.MountPath
		}
	}
	t.Fatalf("%s mounts no %s", c.Name, name)
	return ""
}

func TestEachReplicaHasAVolumeForItsSpool(t *testing.T) {
	m := load(t, "../spool")
	var p spoolPath
	text := configMap(t, m, "s3-destination-spool-pipeline").Data["pipeline.yaml"]
	require.NoError(t, yaml.Unmarshal([]byte(text), &p))
	require.NotNil(t, m.statefulSet)
	require.Len(t, m.statefulSet.Spec.VolumeClaimTemplates, 1)
	claim := m.statefulSet.Spec.VolumeClaimTemplates[0]
	assert.Equal(t, p.Output.S3.Spool.Path, mounted(t, ours(t, m), claim.Name))
	storage := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	assert.Greater(t, storage.Value(), bytes(t, p.Output.S3.Spool.MaxSize))
	assert.Equal(t, int64(65532), *m.template().Spec.SecurityContext.FSGroup, "the process may write to it")
	resources := ours(t, m).Resources
	limit := resources.Limits.Memory().Value()
	needed := bytes(t, readPipeline(t, text).Output.S3.MemoryLimit) + 150*mb
	assert.GreaterOrEqual(t, limit, needed)
	assert.Less(t, limit, needed*13/10)
}

func TestTheDrainJobIsThatOfARemovedReplica(t *testing.T) {
	text, err := os.ReadFile("../spool/drain-job.yaml")
	require.NoError(t, err)
	var job batchv1.Job
	require.NoError(t, yaml.UnmarshalStrict(text, &job))
	m := load(t, "../spool")
	spec, c := job.Spec.Template.Spec, job.Spec.Template.Spec.Containers[0]
	assert.Equal(t, []string{"spool", "drain", "/pipeline/pipeline.yaml"}, c.Args)
	assert.Equal(t, mounted(t, ours(t, m), "spool"), mounted(t, c, "spool"))
	assert.Equal(t, ours(t, m).SecurityContext, c.SecurityContext)
	assert.Equal(t, m.template().Spec.SecurityContext, spec.SecurityContext)
	assert.Equal(t, "spool-"+m.statefulSet.Name+"-2", spec.Volumes[1].PersistentVolumeClaim.ClaimName)
	assert.Equal(t, m.serviceAccount.Name, spec.ServiceAccountName)
}
