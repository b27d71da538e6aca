package validate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsdefaults "k8s.io/kubernetes/pkg/apis/apps/v1"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	coredefaults "k8s.io/kubernetes/pkg/apis/core/v1"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	policydefaults "k8s.io/kubernetes/pkg/apis/policy/v1"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
)

const namespace = "landing"

// problems are what an API server answers when the objects are created.
func problems(t *testing.T, m manifests) field.ErrorList {
	t.Helper()
	var all field.ErrorList

	if m.deployment != nil {
		m.deployment.Namespace = namespace
		appsdefaults.SetObjectDefaults_Deployment(m.deployment)
		var deployment apps.Deployment
		require.NoError(t, appsdefaults.Convert_v1_Deployment_To_apps_Deployment(m.deployment, &deployment, nil))
		all = append(all, appsvalidation.ValidateDeployment(&deployment, corevalidation.PodValidationOptions{})...)
	} else {
		m.statefulSet.Namespace = namespace
		appsdefaults.SetObjectDefaults_StatefulSet(m.statefulSet)
		var set apps.StatefulSet
		require.NoError(t, appsdefaults.Convert_v1_StatefulSet_To_apps_StatefulSet(m.statefulSet, &set, nil))
		all = append(all, appsvalidation.ValidateStatefulSet(&set, corevalidation.PodValidationOptions{})...)
	}

	m.budget.Namespace = namespace
	var budget policy.PodDisruptionBudget
	require.NoError(t, policydefaults.Convert_v1_PodDisruptionBudget_To_policy_PodDisruptionBudget(&m.budget, &budget, nil))
	all = append(all, policyvalidation.ValidatePodDisruptionBudget(&budget, policyvalidation.PodDisruptionBudgetValidationOptions{})...)

	m.serviceAccount.Namespace = namespace
	var account core.ServiceAccount
	require.NoError(t, coredefaults.Convert_v1_ServiceAccount_To_core_ServiceAccount(&m.serviceAccount, &account, nil))
	all = append(all, corevalidation.ValidateServiceAccount(&account)...)

	for _, c := range m.configMaps {
		c.Namespace = namespace
		var configMap core.ConfigMap
		require.NoError(t, coredefaults.Convert_v1_ConfigMap_To_core_ConfigMap(&c, &configMap, nil))
		all = append(all, corevalidation.ValidateConfigMap(&configMap)...)
	}
	return all
}

func TestKubernetesAcceptsTheManifests(t *testing.T) {
	eachDeployment(t, func(t *testing.T, m manifests) {
		assert.Empty(t, problems(t, m))
	})
}

func TestKubernetesRefusesWhatIsWrong(t *testing.T) {
	m := load(t, "../consumers")
	c := &m.template().Spec.Containers[0]
	c.Ports[0].Name = "a-name-that-is-far-too-long"
	c.VolumeMounts[0].Name = "none"
	m.budget.Spec.MinAvailable = m.budget.Spec.MaxUnavailable
	found := problems(t, m).ToAggregate().Error()
	for _, want := range []string{"ports[0].name", "volumeMounts[0].name", "minAvailable and maxUnavailable"} {
		assert.Contains(t, found, want)
	}
}
