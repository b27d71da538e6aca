package encodetest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
)

func TestGeneratedRecordsHaveTheAnnouncedShape(t *testing.T) {
	tests := map[string]struct {
		make   func(int, uint64) [][]byte
		fields int
		size   float64
	}{
		"clicks": {encodetest.Clicks, 25, 787},
		"wide":   {encodetest.Wide, 100, 2600},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			docs := test.make(1000, 1)
			total := 0
			for _, doc := range docs {
				var m map[string]any
				require.NoError(t, json.Unmarshal(doc, &m))
				require.Len(t, m, test.fields)
				total += len(doc)
			}
			assert.InEpsilon(t, test.size, float64(total)/1000, 0.05)
			assert.Equal(t, docs, test.make(1000, 1), "not reproducible")
			for i, doc := range encodetest.Shuffled(docs[:10], 3) {
				assert.JSONEq(t, string(docs[i]), string(doc))
			}
		})
	}
}
