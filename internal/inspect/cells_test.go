package inspect

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCells(t *testing.T) {
	for name, c := range map[string]struct {
		in    cells
		text  string
		want  string
		wrong string
	}{
		"plain":             {cells{separator: ','}, "a,1,-0.5e3,true,01\n", `"a"|1|-0.5e3|true|"01"`, ""},
		"quotes":            {cells{separator: ','}, "\"1\",\"a \"\"b\"\"\n, c\",\"\",\n", `"1"|"a \"b\"\n, c"|""|null`, ""},
		"no last line end":  {cells{separator: ','}, "a,\"b\"", `"a"|"b"`, ""},
		"crlf":              {cells{separator: ','}, "a,b\r\n\"c\",\"d\"\r\n", "\"a\"|\"b\"\n\"c\"|\"d\"", ""},
		"semicolons, nulls": {cells{separator: ';', null: `\N`}, `\N;"\N";;` + "\n", `null|"\\N"|""|""`, ""},
		"backslashes":       {cells{separator: ',', backslash: true}, `"a \"b\" \\",c` + "\n", `"a \"b\" \\"|"c"`, ""},
		"open quotes":       {cells{separator: ','}, `"a`, "", "within quotes"},
		"an open escape":    {cells{separator: ',', backslash: true}, `"a\`, "", "an escape"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := c.in
			rows.in = bufio.NewReader(strings.NewReader(c.text))
			var got []string
			for {
				row, err := rows.next()
				if err != nil {
					if c.wrong != "" {
						assert.ErrorContains(t, err, c.wrong)
					} else {
						assert.ErrorIs(t, err, io.EOF)
					}
					break
				}
				values := make([]string, len(row))
				for i := range row {
					values[i] = rows.value(row[i])
				}
				got = append(got, strings.Join(values, "|"))
			}
			assert.Equal(t, c.want, strings.Join(got, "\n"))
		})
	}
}
