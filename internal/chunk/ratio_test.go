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
		"a larger one counts no more":        {0, 4 * meaningful, 2 * meaningful, 0.5, 0.65},
		"a small one counts less":            {0, meaningful / 8, meaningful / 16, 0.5, 1 - 0.7/16},
		"a tiny one is no measure":           {0, meaningful / 32, meaningful / 64, 1 - 0.7/64, 1 - 0.7/64},
		"a quarter of the cap counts":        {4096, 2048, 1024, 0.5, 0.65},
		"all of the cap counts no more":      {4096, 8192, 4096, 0.5, 0.65},
		"an eighth of the cap counts half":   {8192, 2048, 1024, 0.5, 1 - 0.7/4},
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

// The expected size of an object follows the ratio, up to what a chunk is filled
// to.
func TestExpectedSizeIsBoundedByTheCap(t *testing.T) {
	for name, tc := range map[string]struct {
		raw, most, bytes int64
	}{
		"no cap":      {5000, 0, 2500},
		"below it":    {1000, 1000, 500},
		"far above":   {5000, 1000, 1050},
		"a bit above": {2050, 1000, 1025},
	} {
		t.Run(name, func(t *testing.T) {
			c := &chunk{raw: tc.raw, most: tc.most}
			c.expect(0.5)
			assert.Equal(t, tc.bytes, c.bytes)
			assert.InDelta(t, 0.5, c.ratio, 1e-9)
		})
	}
}
