package rows

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCells(t *testing.T) {
	for name, c := range map[string]struct {
		in    CSV
		text  string
		want  string
		wrong string
	}{
		"plain":             {CSV{Separator: ','}, "a,1,-0.5e3,true,01\n", `"a"|1|-0.5e3|true|"01"`, ""},
		"quotes":            {CSV{Separator: ','}, "\"1\",\"a \"\"b\"\"\n, c\",\"\",\n", `"1"|"a \"b\"\n, c"|""|null`, ""},
		"no last line end":  {CSV{Separator: ','}, "a,\"b\"", `"a"|"b"`, ""},
		"crlf":              {CSV{Separator: ','}, "a,b\r\n\"c\",\"d\"\r\n", "\"a\"|\"b\"\n\"c\"|\"d\"", ""},
		"semicolons, nulls": {CSV{Separator: ';', Null: `\N`}, `\N;"\N";;` + "\n", `null|"\\N"|""|""`, ""},
		"backslashes":       {CSV{Separator: ',', Backslash: true}, `"a \"b\" \\",c` + "\n", `"a \"b\" \\"|"c"`, ""},
		"null and escapes":  {CSV{Separator: ',', Backslash: true, Null: `\N`}, `\N,"\\N"` + "\n", `null|"\\N"`, ""},
		"open quotes":       {CSV{Separator: ','}, `"a`, "", "within quotes"},
		"an open escape":    {CSV{Separator: ',', Backslash: true}, `"a\`, "", "an escape"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := c.in
			rows.In = bufio.NewReader(strings.NewReader(c.text))
			var got []string
			for {
				row, err := rows.Next()
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
					values[i] = rows.Value(row[i])
				}
				got = append(got, strings.Join(values, "|"))
			}
			assert.Equal(t, c.want, strings.Join(got, "\n"))
		})
	}
}
