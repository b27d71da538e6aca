package validate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// deployments are the directories that are applied as they are.
var deployments = []string{"consumers", "sidecar", "spool"}

// manifests are the objects of one directory.
type manifests struct {
	deployment     *appsv1.Deployment  // or
	statefulSet    *appsv1.StatefulSet // whichever the directory has
	budget         policyv1.PodDisruptionBudget
	serviceAccount corev1.ServiceAccount
	configMaps     map[string]corev1.ConfigMap
	podMonitors    []monitoring.PodMonitor
}

// load builds a directory and decodes every object strictly: a field that is
// misspelt, of another type or given twice is an error.
func load(t *testing.T, dir string) manifests {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	require.NoError(t, err, "building %s", dir)
	m := manifests{configMaps: map[string]corev1.ConfigMap{}}
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		require.NoError(t, err)
		into := func(object any) {
			require.NoError(t, yaml.UnmarshalStrict(text, object), "%s of %s:\n%s", r.GetKind(), dir, text)
		}
		switch r.GetApiVersion() + " " + r.GetKind() {
		case "apps/v1 Deployment":
			m.deployment = &appsv1.Deployment{}
			into(m.deployment)
		case "apps/v1 StatefulSet":
			m.statefulSet = &appsv1.StatefulSet{}
			into(m.statefulSet)
		case "policy/v1 PodDisruptionBudget":
			into(&m.budget)
		case "v1 ServiceAccount":
			into(&m.serviceAccount)
		case "v1 ConfigMap":
			var c corev1.ConfigMap
			into(&c)
			m.configMaps[c.Name] = c
		case "monitoring.coreos.com/v1 PodMonitor":
			var p monitoring.PodMonitor
			into(&p)
			m.podMonitors = append(m.podMonitors, p)
		default:
			t.Fatalf("%s has a %s of %s, which this test does not know", dir, r.GetKind(), r.GetApiVersion())
		}
	}
	require.NotEqual(t, m.deployment == nil, m.statefulSet == nil, "one of them runs the pods")
	return m
}

// template is that of the pods.
func (m *manifests) template() *corev1.PodTemplateSpec {
	if m.deployment != nil {
		return &m.deployment.Spec.Template
	}
	return &m.statefulSet.Spec.Template
}

// selector finds the pods.
func (m *manifests) selector() *metav1.LabelSelector {
	if m.deployment != nil {
		return m.deployment.Spec.Selector
	}
	return m.statefulSet.Spec.Selector
}

// withMonitor builds a directory with the component that it comments out.
func withMonitor(t *testing.T, dir string) manifests {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS("..")))
	path := filepath.Join(root, dir, "kustomization.yaml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := strings.Replace(string(text), "# components:\n#   - ../pod-monitor", "components:\n  - ../pod-monitor", 1)
	require.NotEqual(t, string(text), changed)
	require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
	return load(t, filepath.Join(root, dir))
}

func eachDeployment(t *testing.T, check func(t *testing.T, m manifests)) {
	t.Helper()
	for _, dir := range deployments {
		t.Run(dir, func(t *testing.T) { check(t, load(t, filepath.Join("..", dir))) })
	}
}

// containers are all of a pod, sidecars included.
func containers(m manifests) []corev1.Container {
	spec := m.template().Spec
	return append(append([]corev1.Container{}, spec.InitContainers...), spec.Containers...)
}

// ours is the container of s3-destination itself.
func ours(t *testing.T, m manifests) corev1.Container {
	t.Helper()
	for _, c := range containers(m) {
		if c.Name == "s3-destination" {
			return c
		}
	}
	t.Fatal("no container s3-destination")
	return corev1.Container{}
}

func TestPodsKeepTheRestrictedStandard(t *testing.T) {
	eachDeployment(t, func(t *testing.T, m manifests) {
		evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
		require.NoError(t, err)
		restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		template := m.template()
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec))
		assert.True(t, result.Allowed, result.ForbiddenDetail())
		for _, c := range containers(m) {
			require.NotNil(t, c.SecurityContext, c.Name)
			assert.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, c.Name)
		}
		assert.False(t, *template.Spec.AutomountServiceAccountToken)
	})
}

func TestEverythingThatIsReferredToExists(t *testing.T) {
	eachDeployment(t, func(t *testing.T, m manifests) {
		spec := m.template().Spec
		assert.Equal(t, m.serviceAccount.Name, spec.ServiceAccountName)
		assert.Contains(t, m.serviceAccount.Annotations["eks.amazonaws.com/role-arn"], "arn:aws:iam::")
		volumes := map[string]bool{}
		for _, v := range spec.Volumes {
			require.NotNil(t, v.ConfigMap)
			assert.Contains(t, m.configMaps, v.ConfigMap.Name)
			volumes[v.Name] = true
		}
		claims := map[string]bool{}
		if m.statefulSet != nil {
			for _, v := range m.statefulSet.Spec.VolumeClaimTemplates {
				claims[v.Name] = true // TestEachReplicaHasAVolumeForItsSpool
			}
		}
		for _, c := range containers(m) {
			assert.Equal(t, "registry.example.com/s3-destination:latest", c.Image, "named by the kustomization")
			for _, e := range c.EnvFrom {
				assert.Contains(t, m.configMaps, e.ConfigMapRef.Name)
			}
			for _, v := range c.VolumeMounts {
				if claims[v.Name] {
					continue
				}
				assert.True(t, volumes[v.Name], v.Name)
				assert.True(t, v.ReadOnly)
				if len(c.Args) == 2 {
					assert.Equal(t, v.MountPath, filepath.Dir(c.Args[1]))
				}
			}
		}
		pod := labels.Set(m.template().Labels)
		for _, selector := range []*metav1.LabelSelector{m.selector(), m.budget.Spec.Selector} {
			s, err := metav1.LabelSelectorAsSelector(selector)
			require.NoError(t, err)
			assert.False(t, s.Empty())
			assert.True(t, s.Matches(pod))
		}
		for _, spread := range spec.TopologySpreadConstraints {
			s, err := metav1.LabelSelectorAsSelector(spread.LabelSelector)
			require.NoError(t, err)
			assert.True(t, s.Matches(pod))
		}
	})
}

func TestPodMonitorsFindTheirPods(t *testing.T) {
	for _, dir := range deployments {
		m := withMonitor(t, dir)
		require.Len(t, m.podMonitors, 1)
		monitor := m.podMonitors[0].Spec
		s, err := metav1.LabelSelectorAsSelector(&monitor.Selector)
		require.NoError(t, err)
		template := m.template()
		assert.True(t, s.Matches(labels.Set(template.Labels)), dir)
		assert.Equal(t, "false", template.Annotations["prometheus.io/scrape"], "scraped once")
		require.Len(t, monitor.PodMetricsEndpoints, 1)
		assert.Equal(t, *monitor.PodMetricsEndpoints[0].PortNumber, ours(t, m).Ports[0].ContainerPort, dir)
		assert.Equal(t, "/metrics", monitor.PodMetricsEndpoints[0].Path)
		assert.NotEmpty(t, template.Spec.Containers[0].Image, "the patch leaves the pods as they are")
	}
}
