package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// setting is one setting of the output: its name, what Benthos and the reference
// are told about it, and where its value goes. It is all that there is to say
// about a setting, but for rules that concern several.
type setting struct {
	name  string
	field *service.ConfigField
	// read puts the value found at a path into its place, and tells the reader
	// what is wrong with it.
	read func(r *reader, path []string)
	// otherwise is the default, and inner what a group is made of.
	otherwise any
	inner     settings
}

func newSetting(name string, field *service.ConfigField, read func(r *reader, path []string)) setting {
	return setting{name: name, field: field, read: read}
}

// The methods of a setting tell more about it, and return it.

func (s setting) doc(text string) setting   { s.field.Description(text); return s }
func (s setting) example(value any) setting { s.field.Example(value); return s }
func (s setting) advanced() setting         { s.field.Advanced(); return s }
func (s setting) secret() setting           { s.field.Secret(); return s }

func (s setting) or(otherwise any) setting {
	s.field.Default(otherwise)
	s.otherwise = otherwise
	return s
}

// as keeps the value as it is written, too.
func (s setting) as(written *string) setting {
	read := s.read
	s.read = func(r *reader, path []string) {
		read(r, path)
		*written = get(r, r.conf.FieldString, path)
	}
	return s
}

// settings are some of them, in the order of the reference.
type settings []setting

func (s settings) fields() []*service.ConfigField {
	all := make([]*service.ConfigField, len(s))
	for i := range s {
		all[i] = s[i].field
	}
	return all
}

// defaults are theirs, by path.
func (s settings) defaults(below string, into map[string]any) map[string]any {
	for i := range s {
		path := strings.TrimPrefix(below+"."+s[i].name, ".")
		if s[i].inner != nil {
			s[i].inner.defaults(path, into)
		} else {
			into[path] = s[i].otherwise
		}
	}
	return into
}

// read reads them all, below a path.
func (s settings) read(r *reader, below []string) {
	for i := range s {
		s[i].read(r, append(below[:len(below):len(below)], s[i].name))
	}
}

// object is a setting made of settings.
func object(name, doc string, inner ...setting) setting {
	field := service.NewObjectField(name, settings(inner).fields()...)
	s := newSetting(name, field, settings(inner).read).doc(doc)
	s.inner = inner
	return s
}

// into is a setting whose value needs no translation.
func into[T any](name string, field *service.ConfigField, place *T, find func(*service.ParsedConfig, ...string) (T, error)) setting {
	return newSetting(name, field, func(r *reader, path []string) {
		v, err := find(r.conf, path...)
		r.fail(err)
		*place = v
	})
}

func text(name string, place *string) setting {
	return newSetting(name, service.NewStringField(name), func(r *reader, path []string) {
		*place = get(r, r.conf.FieldString, path)
		r.fail(checkText(dotted(path), *place))
	})
}

func flag(name string, place *bool) setting {
	return into(name, service.NewBoolField(name), place, (*service.ParsedConfig).FieldBool)
}

func number(name string, place *int) setting {
	return into(name, service.NewIntField(name), place, (*service.ParsedConfig).FieldInt)
}

func list(name string, place *[]string) setting {
	return into(name, service.NewStringListField(name), place, (*service.ParsedConfig).FieldStringList)
}

func texts(name string, place *map[string]string) setting {
	return into(name, service.NewStringMapField(name), place, (*service.ParsedConfig).FieldStringMap)
}

// expressions are read as text: which of them need Bloblang is for package
// partition to decide.
func expressions(name string, place *map[string]string) setting {
	s := texts(name, place)
	s.field = service.NewInterpolatedStringMapField(name)
	return s
}

// interpolated is a text in which expressions stand, for package partition.
func interpolated(name string, place *string) setting {
	s := text(name, place)
	s.field = service.NewInterpolatedStringField(name)
	return s
}

// flagOrUnset is nil where the flag is not set.
func flagOrUnset(name string, place **bool) setting {
	field := service.NewBoolField(name).Optional()
	return newSetting(name, field, func(r *reader, path []string) {
		if r.conf.Contains(path...) {
			on := get(r, r.conf.FieldBool, path)
			*place = &on
		}
	})
}

// count is a number that must be at least a minimum.
func count(name string, place *int, minimum int) setting {
	return newSetting(name, service.NewIntField(name), func(r *reader, path []string) {
		*place = get(r, r.conf.FieldInt, path)
		if *place < minimum {
			r.fail(fmt.Errorf("%s: \"%d\" is too small: write %d or more", dotted(path), *place, minimum))
		}
	})
}

// between is a number with two bounds, which it may have.
func between(name string, place *int, least, most int) setting {
	return newSetting(name, service.NewIntField(name), func(r *reader, path []string) {
		*place = get(r, r.conf.FieldInt, path)
		if *place < least || *place > most {
			r.fail(fmt.Errorf("%s: \"%d\" is out of range: write a number from %d to %d", dotted(path), *place, least, most))
		}
	})
}

// duration must not be negative.
func duration(name string, place *time.Duration) setting {
	return newSetting(name, service.NewDurationField(name), func(r *reader, path []string) {
		written := get(r, r.conf.FieldString, path)
		d, err := time.ParseDuration(written)
		if err != nil {
			r.fail(noDuration(dotted(path), written))
			d = time.Minute // breaks no other rule
		}
		*place = d
		if *place < 0 {
			r.fail(fmt.Errorf("%s: %q is negative: write a duration such as 30s", dotted(path), *place))
		}
	})
}

// size is an amount of bytes, where a bare number counts megabytes.
func size[T int | int64](name string, place *T) setting {
	return newSetting(name, service.NewStringField(name), func(r *reader, path []string) {
		written := get(r, r.conf.FieldString, path)
		n, err := parseSize(written)
		if err == nil {
			err = r.checkSize(dotted(path), written, n)
		}
		if err != nil {
			r.fail(fmt.Errorf("%s: %w", dotted(path), err))
			n = anySize
		}
		*place = T(n)
	})
}

// word is one of several words, which Benthos accepts in any case.
func word[T ~string](name string, place *T, words ...string) setting {
	return newSetting(name, service.NewStringEnumField(name, words...), func(r *reader, path []string) {
		*place = T(r.oneOf(path, words))
	})
}

// annotated is a word, with what each means.
func annotated[T ~string](name string, place *T, words map[string]string) setting {
	s := word(name, place, slices.Sorted(maps.Keys(words))...)
	s.field = service.NewStringAnnotatedEnumField(name, words)
	return s
}

// wordOrDefault is a word, of which default stands for none.
func wordOrDefault[T ~string](name string, place *T, words ...string) setting {
	return newSetting(name, service.NewStringEnumField(name, words...), func(r *reader, path []string) {
		if w := r.oneOf(path, words); w != "default" {
			*place = T(w)
		}
	})
}

// option is a word, and what it stands for.
type option[T any] struct {
	word  string
	value T
}

func is[T any](word string, value T) option[T] { return option[T]{word, value} }

// choice is one of several words that stand for values.
func choice[T any](name string, place *T, options ...option[T]) setting {
	words := make([]string, len(options))
	for i, o := range options {
		words[i] = o.word
	}
	return newSetting(name, service.NewStringEnumField(name, words...), func(r *reader, path []string) {
		w := r.oneOf(path, words)
		for _, o := range options {
			if o.word == w {
				*place = o.value
			}
		}
	})
}

// reader reads a parsed configuration and collects what is wrong with it.
type reader struct {
	conf *service.ParsedConfig
	findings
}

// get reads a value. An error becomes a finding.
func get[T any](r *reader, find func(...string) (T, error), path []string) T {
	v, err := find(path...)
	r.fail(err)
	return v
}

func (r *reader) word(path []string) string {
	return strings.ToLower(get(r, r.conf.FieldString, path))
}

// notAWord is how a message ends that Benthos has one like itself, in lint.
const notAWord = " is not one of its values: write "

// oneOf is a word that must be one of several. Where it is none, that is a
// finding, and the first one stands in, which breaks no other rule.
func (r *reader) oneOf(path, words []string) string {
	w := r.word(path)
	if slices.Contains(words, w) {
		return w
	}
	r.fail(fmt.Errorf("%s: %q%s%s", dotted(path), w, notAWord, strings.Join(words, ", ")))
	return words[0]
}

func dotted(path []string) string { return strings.Join(path, ".") }
