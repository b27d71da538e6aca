package encodetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatLandedIsComparedByWhatItSays(t *testing.T) {
	type row = map[string]any
	tests := map[string]struct {
		doc   string
		got   row
		wrong string // empty when it is the same
	}{
		"the same":               {`{"s":"x","i":1,"f":0.5,"b":true,"n":null}`, row{"s": "x", "i": int64(1), "f": 0.5, "b": true, "n": nil}, ""},
		"an integer as a double": {`{"n":1}`, row{"n": 1.0}, ""},
		"a double as an integer": {`{"n":1e3}`, row{"n": int64(1000)}, ""},
		"a number as text":       {`{"n":18446744073709551615}`, row{"n": "18446744073709551615"}, ""},
		"an object as text":      {`{"o":{"a": [1, "x"]}}`, row{"o": `{"a":[1,"x"]}`}, ""},
		"a string as JSON":       {`{"s":"x"}`, row{"s": `"x"`}, ""},
		"null as text":           {`{"n":null}`, row{"n": "null"}, ""},
		"a column of others":     {`{"n":1}`, row{"n": int64(1), "other": nil}, ""},
		"another string":         {`{"s":"x"}`, row{"s": "y"}, `"s": y is not x`},
		"another number":         {`{"n":1}`, row{"n": int64(2)}, `"n": 2 is not 1`},
		"a digit lost":           {`{"n":9007199254740993}`, row{"n": "9007199254740992"}, "is not 9007199254740993"},
		"a number as a boolean":  {`{"n":1}`, row{"n": true}, "true is not 1"},
		"a missing value":        {`{"n":1}`, row{}, "<nil> is not 1"},
		"null with a value":      {`{"n":null}`, row{"n": int64(1)}, "1 is not <nil>"},
		"a value of another row": {`{"n":1}`, row{"n": int64(1), "m": int64(2)}, `"m" should be null`},
		"a shorter list":         {`{"l":[1,2]}`, row{"l": []any{int64(1)}}, "[1] is not [1 2]"},
		"another item":           {`{"l":[1,2]}`, row{"l": []any{int64(1), int64(3)}}, "3 is not 2"},
		"broken text":            {`{"o":{}}`, row{"o": "{"}, "{ is not map[]"},
		"within a group":         {`{"g":{"a":1}}`, row{"g": row{"a": int64(2)}}, `"g": "a": 2 is not 1`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := landed(parse([]byte(test.doc)), test.got)
			if test.wrong == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.wrong)
		})
	}
}
