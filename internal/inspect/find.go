package inspect

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// findOutputs looks for every s3_destination, wherever it is nested: in a
// broker, a fallback, a switch, a template, or among the resources.
func (r *Reading) findOutputs() {
	for _, p := range r.pipelines {
		for _, f := range r.filesFor(p) {
			for _, key := range []string{"output", "output_resources"} {
				if key == "output" && f != p.main {
					continue
				}
				p.outputs = append(p.outputs, r.search(p, f, yamlfile.Resolved(yamlfile.Child(f.Root, key)), key, "", "")...)
			}
		}
	}
}

// filesFor are the files whose outputs a pipeline can use: its own, and the
// resources of all files that are no streams.
func (r *Reading) filesFor(p *pipeline) []*yamlfile.File {
	files := []*yamlfile.File{p.main}
	for _, f := range r.files {
		if f != p.main && !slices.ContainsFunc(r.pipelines, func(other *pipeline) bool { return other.main == f }) {
			files = append(files, f)
		}
	}
	return files
}

// search walks a tree. label is that of the enclosing component; within is the
// place of a template, which is all that its outputs have of one.
func (r *Reading) search(p *pipeline, f *yamlfile.File, n *yaml.Node, path, label, within string) []*Output {
	var found []*Output
	switch {
	case n == nil:
	case n.Kind == yaml.SequenceNode:
		for i, element := range n.Content {
			found = append(found, r.search(p, f, element, fmt.Sprintf("%s[%d]", path, i), label, within)...)
		}
	case n.Kind == yaml.MappingNode:
		if own := yamlfile.Child(n, "label"); own != nil && own.Value != "" {
			label = own.Value
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i].Value, n.Content[i+1]
			below := yamlfile.Join(path, key)
			template, isTemplate := r.templates[key]
			switch {
			case key == config.Name && within != "":
				found = append(found, &Output{Label: label, file: f, path: within, template: true, pipeline: p, reading: r, written: value})
			case key == config.Name:
				found = append(found, &Output{Label: label, file: f, path: below, pipeline: p, reading: r, written: value})
			case isTemplate:
				found = append(found, r.search(p, f, template.render(value), below, label, below)...)
			default:
				found = append(found, r.search(p, f, value, below, label, within)...)
			}
		}
	}
	return found
}

// read reads the configuration of an output without what is misshapen in it, and
// returns what is wrong with the rest.
func (r *Reading) read(o *Output, wrong []misshapen) []Finding {
	_, err := config.ParseYAML(textOf(o.written))
	for _, message := range config.Messages(err) {
		r.rules[message] = true
	}
	values := yamlfile.Resolved(o.written)
	pruned, groups := false, []string(nil)
	for _, m := range wrong {
		if setting, inside := strings.CutPrefix(m.path, o.path+"."); inside && m.File == o.file.Path {
			yamlfile.Remove(values, setting)
			pruned = true
			groups = append(groups, group(setting))
		}
	}
	for name, stand := range map[string]string{"bucket": "my-bucket", "file_format": "json"} {
		yamlfile.Provide(values, name, stand) // what is missing has been said
	}
	conf, err := config.ParseYAML(textOf(values))
	if conf == nil && pruned {
		return nil // what is misshapen has been said
	}
	if conf == nil {
		return []Finding{o.finding(config.Name+": "+err.Error()+": write it as the reference says", false)}
	}
	o.conf = conf
	var found []Finding
	for _, message := range config.Messages(err) {
		r.rules[message] = true
		if setting, _ := splitSetting(message); !slices.Contains(groups, group(setting)) {
			found = append(found, o.finding(message, false))
		}
		o.wrong = append(o.wrong, errors.New(message))
	}
	if pruned || len(o.file.Problems) > 0 {
		return found // what is left is not what was meant
	}
	for _, message := range conf.Warnings {
		found = append(found, o.finding(message, true))
	}
	return found
}

// group is the group that a setting is in; for one that is in none it is the
// setting itself.
func group(setting string) string {
	if i := strings.LastIndexByte(setting, '.'); i > 0 {
		return setting[:i]
	}
	return setting
}

// textOf is a tree as YAML.
func textOf(n *yaml.Node) string {
	text, err := yaml.Marshal(n)
	if err != nil {
		return ""
	}
	return string(text)
}

// finding is a message of the output, at the place of its setting.
func (o *Output) finding(message string, doubt bool) Finding {
	setting, text := splitSetting(message)
	path := o.path
	if setting != "" && !o.template {
		path = yamlfile.Join(path, setting)
	}
	return Finding{File: o.file.Path, Place: o.file.Find(path), Setting: setting, Text: text, Doubt: doubt}
}
