package csv_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func TestMissingFieldsHaveTheirDefault(t *testing.T) {
	const (
		rest = `9007199254740993,"a,b","[1,2]",[],"{""x"":7,""y"":""why""}",,true` + "\n"
		want = "id,n,s,l,none,g,null,last\n" +
			`1,1,x,[],[3],"{""x"":1,""y"":""z""}",2,false` + "\n" +
			"2," + rest +
			`3,9007199254740993,late,"[1,2]",[],"{""x"":5}",,true` + "\n" +
			`4,9007199254740993,"a,b","[1,2]",[],"{""y"":""only"",""x"":6}",,true` + "\n" +
			`5,5,"a,b",[9],[],"{""x"":7,""y"":""why""}",,true` + "\n"
	)
	config := csv.Config{Header: true, Schema: registry(t, encodetest.Defaults(t))}
	got, res := encodeText(t, config, 0, raw(encodetest.Lacking.Docs...)...)
	require.Empty(t, res.Refused)
	assert.Equal(t, want, got)
	got, res = encodeText(t, config, 0, encodetest.Parsed([]string{`{"id":2}`})...)
	require.Empty(t, res.Refused)
	assert.Equal(t, "id,n,s,l,none,g,null,last\n2,"+rest, got)

	_, res = encodeText(t, config, 0, raw(encodetest.NotLacking.Docs...)...)
	encodetest.RequireRefused(t, encodetest.NotLacking.Want, res)

	config.Null, config.Quote = "NULL", csv.All
	got, _ = encodeText(t, config, 0, raw(`{"id":2}`, `{"s":"x","id":3}`)...)
	assert.Equal(t, `"id","n","s","l","none","g","null","last"`+"\n"+
		`"2","9007199254740993","a,b","[1,2]","[]","{""x"":7,""y"":""why""}",NULL,"true"`+"\n"+
		`"3","9007199254740993","x","[1,2]","[]","{""x"":7,""y"":""why""}",NULL,"true"`+"\n", got)
}

// TestDefaultsWithoutChecks has cells that take any value.
func TestDefaultsWithoutChecks(t *testing.T) {
	c := encodetest.Defaults(t)
	c.OnUnknownField, c.OnTypeMismatch = schema.Add, schema.Widen
	got, res := encodeText(t, csv.Config{Header: true, Schema: registry(t, c)}, 0, raw(`{"id":"x","new":true}`)...)
	require.Empty(t, res.Refused)
	assert.Equal(t, `id,n,s,l,none,g,null,last,new`+"\n"+`x,9007199254740993,"a,b","[1,2]",[],"{""x"":7,""y"":""why""}",,true,true`+"\n", got)
}
