package main

import (
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/resources/mutation/patch"
)

// fates tries every mutation of the toy package.
func fates(t *testing.T) map[string]fate {
	t.Helper()
	p, err := load(t.Context(), "testdata/toy", ".")
	require.NoError(t, err)
	all := find(p)
	dir := t.TempDir()
	binary, built, err := build(t.Context(), p, all, dir)
	require.NoError(t, err)
	assert.Len(t, built, len(all), "the compiler refuses some")
	s := &suite{p: p, binary: binary}
	require.NoError(t, s.trace(t.Context(), 2, dir))
	results, err := s.tryAll(t.Context(), options{workers: 2}, built)
	require.NoError(t, err)
	came := map[string]fate{}
	for _, r := range results {
		came[strings.TrimPrefix(r.name, "./toy.go ")] = r.fate
	}
	return came
}

func TestWhatTheToyTestsNotice(t *testing.T) {
	assert.Equal(t, map[string]fate{
		"Basket.Put: not: len(b.items) >= Limit":              noticed,
		"Basket.Put: boundary: len(b.items) >= Limit":         survived, // nobody puts one more
		"Basket.Put: not: false":                              unmet,
		"Basket.Put: leave out: b.items = append(b.items, n)": noticed,
		"Basket.Put: leave out: b.changed++":                  survived,
		"Basket.Put: not: true":                               noticed,
		"Basket.Sum: not: len(b.items) == 0":                  noticed,
		"Basket.Sum: one more than: 0":                        survived, // a sum beside an error
		"Basket.Sum: one more than: 0 #2":                     noticed,
		"Basket.Sum: no error: errEmpty":                      noticed,
		"Basket.Sum: leave out: sum += n":                     noticed,
		"Basket.Sum: other sign: sum += n":                    noticed,
		"Basket.Sum: zero: sum":                               noticed,
		"Basket.Forgotten: zero: b.changed + 1":               unmet,
		"Basket.Forgotten: arithmetic: b.changed + 1":         unmet,
		"Basket.Forgotten: one more than: 1":                  unmet,
	}, fates(t))
}

// Whatever is switched on or off, the text is Go: mutations enclose each other.
func TestMutationsOfOnePlaceEncloseEachOther(t *testing.T) {
	p, err := load(t.Context(), "testdata/toy", ".")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join("testdata", "toy", "toy.go"))
	require.NoError(t, err)
	mutated, err := format.Source(render(text, find(p)))
	require.NoError(t, err)
	assert.Contains(t, string(mutated), "return mutantZero(", "results enclose their operands")
	assert.Equal(t, strings.Count(string(text), "\n"), strings.Count(string(render(text, find(p))), "\n"), "lines stay where they are")
}

func TestPatchesAreTried(t *testing.T) {
	full := patch.Patch{Name: "never full", File: "toy.go", Before: "len(b.items) >= Limit", After: "len(b.items) > Limit"}
	none := patch.Patch{Name: "adds nothing", File: "toy.go", Before: "sum += n", After: "_ = n"}
	wrong := patch.Patch{Name: "no Go", File: "toy.go", Before: "sum += n", After: "sum +="}
	f, err := tryPatch(t.Context(), "testdata/toy", full, t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, survived, f)
	f, err = tryPatch(t.Context(), "testdata/toy", none, t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, noticed, f)
	_, err = tryPatch(t.Context(), "testdata/toy", wrong, t.TempDir())
	assert.ErrorContains(t, err, `toy.go: "no Go" does not compile`)
}

// The list of the project still fits its code.
func TestEveryPatchOfTheListApplies(t *testing.T) {
	all, err := patch.Parse(patchList)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, p := range all {
		_, err := p.Apply("../..")
		assert.NoError(t, err)
	}
}

func TestScore(t *testing.T) {
	reasons := explained("# Survivors.\n\na/x.go F: not: y\n\tIt is the same\n\tin both cases.\na/x.go G: zero: z\n\tNobody reads it.\n")
	require.Equal(t, map[string]string{"a/x.go F: not: y": "It is the same in both cases.", "a/x.go G: zero: z": "Nobody reads it."}, reasons)
	s := count([]result{{"one", noticed}, {"two", noticed}, {"three", unmet}, {"a/x.go F: not: y", survived}, {"a/x.go G: zero: z", noticed}}, reasons)
	assert.Equal(t, 3, s.noticed)
	assert.Equal(t, 1, s.explained)
	assert.Equal(t, []result{{"three", unmet}}, s.left)
	assert.Equal(t, []string{"a/x.go G: zero: z"}, s.wrong)
	assert.InDelta(t, 75, s.percent(), 0.01)
	assert.Equal(t, []string{"a/x.go F: not: y"}, stale(reasons, []*mutation{{name: "a/x.go G: zero: z"}}, "a"))
}
