package jsonscan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

func TestUndecided(t *testing.T) {
	for doc, want := range map[string]bool{
		`null`: true, ` null `: true, `[]`: true, `{}`: true, ` [ null , [ ] , {"a\"":{"b" : null}}]`: true, `{"a":null,"b":[]}`: true,
		`0`: false, `""`: false, `"null"`: false, `[""]`: false, `[null,"a"]`: false, `{"a":"b"}`: false, `{"a":[{"b":false}]}`: false, `true`: false, `[[],1]`: false,
	} {
		assert.Equal(t, want, jsonscan.Undecided([]byte(doc)), doc)
	}
}
