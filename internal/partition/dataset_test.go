package partition_test

import (
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/template"
)

func datasets(t *testing.T, folder, dataset string, variables map[string]string, docs ...string) []string {
	t.Helper()
	names := make([]string, 0, len(variables))
	for name := range variables {
		names = append(names, name)
	}
	layout, err := template.Compile(template.Config{Folder: folder, FileName: "f-{{chunk_id}}", Extension: ".csv", Variables: names, LoadByAccount: true})
	require.NoError(t, err)
	a, err := partition.New(partition.Config{Layout: layout, Variables: variables, Dataset: dataset, DateField: "at"})
	require.NoError(t, err)
	batch := make(service.MessageBatch, len(docs))
	for i, doc := range docs {
		batch[i] = service.NewMessage([]byte(doc))
	}
	pass := a.Begin(batch)
	defer pass.End()
	out := make([]string, len(docs))
	for i, m := range batch {
		rec, err := partition.FromMessage(m)
		require.NoError(t, err)
		_, err = pass.Assign(i, &rec)
		require.NoError(t, err)
		d, err := pass.Dataset(i, &rec)
		require.NoError(t, err)
		out[i] = d.Name()
	}
	return out
}

func TestDatasetsFollowFromTheNames(t *testing.T) {
	variables := map[string]string{
		"tab": `${! json("t") }`, "account": `${! json("acc") }`, "day": `${! json("at") }`, "load_date": `x`,
		"stamp": `${! now() }`, "part": `${! @kafka_partition }`, "when": `${! json("at").slice(0, 4) }`,
	}
	folder := "data/{{tab}}/{{when}}/{{account}}/{{day}}/{{load_date}}/{{YYYY}}/{{stamp}}/{{part}}"
	assert.Equal(t, []string{"data/tab=orders", "data/tab=orders", "data/tab=a%2Fb", "data/tab=__HIVE_DEFAULT_PARTITION__", "data/tab=__HIVE_DEFAULT_PARTITION__"},
		datasets(t, folder, "", variables,
			`{"t":"orders","acc":1,"at":"2025-07-01"}`, `{"t":"orders","acc":2,"at":"2025-07-02"}`, `{"t":"a/b","at":"2025-07-02"}`,
			`{"at":"2025-07-02"}`, `{"t":"__HIVE_DEFAULT_PARTITION__","at":"2025-07-02"}`))
	assert.Equal(t, []string{"data/kind=c/attic=a"}, datasets(t, "data/{{kind}}/{{attic}}", "",
		map[string]string{"kind": `${! json("count") }`, "attic": `${! json("attic") }`}, `{"count":"c","attic":"a"}`), "names of fields are no calls")
	assert.Equal(t, []string{"data"}, datasets(t, "data/", "", nil, `{}`))
	assert.Equal(t, []string{""}, datasets(t, "", "", nil, `{}`))
}

func TestADatasetThatIsNamed(t *testing.T) {
	assert.Equal(t, []string{"orders.v1", "users.v1", "orders.v1", "null.v1"},
		datasets(t, "data/{{tab}}", `${! json("t") }.v1`, map[string]string{"tab": `${! json("x") }`},
			`{"t":"orders"}`, `{"t":"users"}`, `{"t":"orders","x":1}`, `{}`))
	layout, err := template.Compile(template.Config{FileName: "f", Extension: ".csv"})
	require.NoError(t, err)
	_, err = partition.New(partition.Config{Layout: layout, Dataset: `${! json( }`})
	assert.ErrorContains(t, err, "schema.dataset")
}
