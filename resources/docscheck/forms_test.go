package docscheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// form is an issue form, as GitHub's syntax for issue forms has it.
type form struct {
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Labels      []string `yaml:"labels"`
	Body        []struct {
		Type       string `yaml:"type"`
		ID         string `yaml:"id"`
		Attributes struct {
			Label       string `yaml:"label"`
			Description string `yaml:"description"`
			Value       string `yaml:"value"`
			Render      string `yaml:"render"`
		} `yaml:"attributes"`
		Validations struct {
			Required bool `yaml:"required"`
		} `yaml:"validations"`
	} `yaml:"body"`
}

// GitHub shows no form that breaks its rules, and says so to maintainers only.
func TestIssueFormsAreValid(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, ".github/ISSUE_TEMPLATE/*.yml"))
	require.NoError(t, err)
	forms := 0
	for _, path := range paths {
		if filepath.Base(path) == "config.yml" {
			continue
		}
		forms++
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var f form
		decoder := yaml.NewDecoder(strings.NewReader(string(text)))
		decoder.KnownFields(true)
		require.NoError(t, decoder.Decode(&f), path)
		assert.NotEmpty(t, f.Name, path)
		assert.NotEmpty(t, f.Description, path)
		ids, questions := map[string]bool{}, 0
		for _, b := range f.Body {
			if b.Type == "markdown" {
				assert.NotEmpty(t, b.Attributes.Value, path)
				continue
			}
			questions++
			assert.Contains(t, []string{"textarea", "input", "dropdown", "checkboxes"}, b.Type, path)
			assert.NotEmpty(t, b.Attributes.Label, "%s: %s", path, b.ID)
			assert.False(t, b.ID == "" || ids[b.ID], "%s: %q is no id of one question", path, b.ID)
			assert.True(t, b.Attributes.Render == "" || b.Type == "textarea", "%s: only a textarea is rendered", path)
			ids[b.ID] = true
		}
		assert.Positive(t, questions, path)
	}
	assert.GreaterOrEqual(t, forms, 3)
}

// Pages of the repository that forms link to exist.
func TestIssueFormsLeadToPagesThatExist(t *testing.T) {
	const blob = "https://github.com/s3-destination/s3-destination/blob/main/"
	paths, err := filepath.Glob(filepath.Join(root, ".github/ISSUE_TEMPLATE/*.yml"))
	require.NoError(t, err)
	links := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, part := range strings.Split(string(text), blob)[1:] {
			page := part[:strings.IndexAny(part, ")#\n \"")]
			assert.FileExists(t, filepath.Join(root, page), path)
			links++
		}
	}
	assert.Positive(t, links)
}
