package chunk

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRatiosAreLearnt(t *testing.T) {
	p := partition{path: "a"}
	for name, tc := range map[string]struct {
		limit, raw, encoded int64
		of, kind            float64
	}{
		"a large object counts":              {0, meaningful, meaningful / 2, 0.5, 0.65},
		"a small one counts less":            {0, meaningful / 8, meaningful / 16, 0.5, 1 - 0.7/16},
		"a tiny one is no measure":           {0, meaningful / 32, meaningful / 64, 1 - 0.7/64, 1 - 0.7/64},
		"a quarter of the cap counts":        {4096, 2048, 1024, 0.5, 0.65},
		"nothing was encoded":                {0, 0, 5, 1, 1},
		"nothing is left of what was":        {0, meaningful, 0, 1, 1},
		"a size that makes no sense":         {0, -5, meaningful, 1, 1},
		"an encoded one that makes no sense": {0, meaningful, -5, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRatios(Config{MaxFileSize: tc.limit})
			r.learn(p, tc.raw, tc.encoded)
			assert.InDelta(t, tc.of, r.of(p), 1e-9)
			assert.InDelta(t, tc.kind, r.of(partition{path: "another"}), 1e-9)
			assert.InDelta(t, 1, r.of(partition{kind: DeadLetter}), 1e-9)
		})
	}
}

func TestRatioFollowsLaterObjects(t *testing.T) {
	p := partition{path: "a"}
	r := newRatios(Config{})
	r.learn(p, meaningful, meaningful/2)
	r.learn(p, meaningful, meaningful/4)
	assert.InDelta(t, 0.5-0.7*0.25, r.of(p), 1e-9)
	assert.Equal(t, int64(nameSize+1), r.memory(), "it is remembered once")
}

// Partitions that come and go for ever take a bounded part of the memory.
func TestRatiosOfManyPartitionsAreForgotten(t *testing.T) {
	const each = nameSize + 2 + 3
	r := newRatios(Config{MemoryLimit: 3 * each * namesShare})
	for i, held := range []int64{each, 2 * each, 3 * each, each, 2 * each} {
		r.learn(partition{path: "p" + string(rune('0'+i)), schema: "abc"}, meaningful, meaningful/2)
		assert.Equal(t, held, r.memory())
	}
	assert.NotContains(t, r.byPartition, partition{path: "p2", schema: "abc"})
	assert.Contains(t, r.byPartition, partition{path: "p3", schema: "abc"})

	unlimited := newRatios(Config{})
	unlimited.learn(partition{path: "a"}, meaningful, meaningful)
	unlimited.learn(partition{path: "b"}, meaningful, meaningful)
	assert.Len(t, unlimited.byPartition, 2)
}
