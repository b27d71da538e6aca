package docscheck

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longest is how many words a sentence may have. Most readers of the pages read
// English as a second language.
const longest = 30

// prose lists the pages that people write for people. docs/reference is
// generated, and CHANGELOG.md is a list of notes.
func prose(t *testing.T) []string {
	t.Helper()
	pages := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	for _, pattern := range []string{"docs/*.md", "docs/reports/*.md", "resources/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		for _, path := range found {
			rel, err := filepath.Rel(root, path)
			require.NoError(t, err)
			pages = append(pages, rel)
		}
	}
	return pages
}

func TestNoSentenceIsTooLong(t *testing.T) {
	sentences := 0
	for _, page := range prose(t) {
		for _, s := range Sentences(read(t, page)) {
			sentences++
			assert.LessOrEqual(t, s.Words(), longest, "%s:%d: make two sentences of this one, or a list: %s", page, s.Line, s.Text)
		}
	}
	assert.Greater(t, sentences, 1500)
}

func TestSentencesOfAPage(t *testing.T) {
	for name, c := range map[string]struct {
		page string
		want []string
	}{
		"two":                     {"One two. Three four.", []string{"One two.", "Three four."}},
		"over lines":              {"One\ntwo. Three\nfour", []string{"One two.", "Three four"}},
		"paragraphs":              {"One two\n\nthree", []string{"One two", "three"}},
		"marks":                   {"One? Two! (Three.) Four", []string{"One?", "Two!", "(Three.)", "Four"}},
		"small letters go on":     {"Version 4. of it. Next", []string{"Version 4. of it.", "Next"}},
		"versions":                {"Version 4.110.0 has it: see a.b", []string{"Version 4.110.0 has it: see a.b"}},
		"colons go on":            {"One: Two; Three", []string{"One: Two; Three"}},
		"abbreviations":           {"Some, e.g. Kafka. Others (i.e. S3)", []string{"Some, e.g. Kafka.", "Others (i.e. S3)"}},
		"code is a word":          {"One. `a. B c: d` two ``x ` y``", []string{"One.", "Code two Code"}},
		"links are their text":    {"See [a page](https://a.b/c d). ![A picture](x.svg)", []string{"See a page.", "A picture"}},
		"emphasis":                {"**One.** *Two* three", []string{"One.", "Two three"}},
		"lists":                   {"One:\n- two\n  three\n- four\n2. five", []string{"One:", "two three", "four", "five"}},
		"quotes":                  {"> One\n> two", []string{"One two"}},
		"headings":                {"# One\ntwo\n## Three", []string{"two"}},
		"tables":                  {"One\n| two | three |\n|---|---|\nfour", []string{"One", "four"}},
		"fences":                  {"One\n```sh\ntwo. Three\n```\nfour", []string{"One", "four"}},
		"indented fences":         {"1. One\n\n   ```\n   two\n   ```\n   three", []string{"One", "three"}},
		"comments":                {"One <!-- two. Three\nfour -->\nfive", []string{"One", "five"}},
		"a page without sentence": {"# One\n\n", nil},
	} {
		var got []string
		for _, s := range Sentences(c.page) {
			got = append(got, s.Text)
		}
		assert.Equal(t, c.want, got, name)
	}
}

func TestWordsOfASentence(t *testing.T) {
	for text, want := range map[string]int{"": 0, "One two.": 2, "One - two – 3 % & x": 4, "a/b c,d e": 3} {
		assert.Equal(t, want, Sentence{Text: text}.Words(), text)
	}
}

func TestLinesOfSentences(t *testing.T) {
	found := Sentences("# A\n\nOne. Two\nthree.\n\n<!-- x\n-->\n- four\n")
	require.Len(t, found, 3)
	assert.Equal(t, []int{3, 3, 8}, []int{found[0].Line, found[1].Line, found[2].Line})
}
