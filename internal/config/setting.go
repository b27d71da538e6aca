package config

import (
	"fmt"
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
}

func newSetting(name string, field *service.ConfigField, read func(r *reader, path []string)) setting {
	return setting{name: name, field: field, read: read}
}

// The methods of a setting tell more about it, and return it.

func (s setting) doc(text string) setting   { s.field.Description(text); return s }
func (s setting) or(otherwise any) setting  { s.field.Default(otherwise); return s }
func (s setting) example(value any) setting { s.field.Example(value); return s }
func (s setting) advanced() setting         { s.field.Advanced(); return s }
func (s setting) secret() setting           { s.field.Secret(); return s }

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

// read reads them all, below a path.
func (s settings) read(r *reader, below []string) {
	for i := range s {
		s[i].read(r, append(below[:len(below):len(below)], s[i].name))
	}
}

// object is a setting made of settings.
func object(name, doc string, inner ...setting) setting {
	field := service.NewObjectField(name, settings(inner).fields()...)
	return newSetting(name, field, settings(inner).read).doc(doc)
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
	return into(name, service.NewStringField(name), place, (*service.ParsedConfig).FieldString)
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
			r.fail(fmt.Errorf("%s must be at least %d, got %d", dotted(path), minimum, *place))
		}
	})
}

// between is a number with two bounds, which it may have.
func between(name string, place *int, least, most int) setting {
	return newSetting(name, service.NewIntField(name), func(r *reader, path []string) {
		*place = get(r, r.conf.FieldInt, path)
		if *place < least || *place > most {
			r.fail(fmt.Errorf("%s must be from %d to %d, got %d", dotted(path), least, most, *place))
		}
	})
}

// duration must not be negative.
func duration(name string, place *time.Duration) setting {
	return newSetting(name, service.NewDurationField(name), func(r *reader, path []string) {
		*place = get(r, r.conf.FieldDuration, path)
		if *place < 0 {
			r.fail(fmt.Errorf("%s must not be negative, got %s", dotted(path), *place))
		}
	})
}

// size is an amount of bytes, where a bare number counts megabytes.
func size[T int | int64](name string, place *T) setting {
	return newSetting(name, service.NewStringField(name), func(r *reader, path []string) {
		n, err := parseSize(get(r, r.conf.FieldString, path))
		if err != nil {
			r.fail(fmt.Errorf("reading %s: %w", dotted(path), err))
			n = anySize
		}
		*place = T(n)
	})
}

// word is one of several words, which Benthos accepts in any case.
func word[T ~string](name string, place *T, words ...string) setting {
	return newSetting(name, service.NewStringEnumField(name, words...), func(r *reader, path []string) {
		*place = T(r.word(path))
	})
}

// annotated is a word, with what each means.
func annotated[T ~string](name string, place *T, words map[string]string) setting {
	s := word(name, place)
	s.field = service.NewStringAnnotatedEnumField(name, words)
	return s
}

// wordOrDefault is a word, of which default stands for none.
func wordOrDefault[T ~string](name string, place *T, words ...string) setting {
	return newSetting(name, service.NewStringEnumField(name, words...), func(r *reader, path []string) {
		if w := r.word(path); w != "default" {
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
		w := r.word(path)
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

func dotted(path []string) string { return strings.Join(path, ".") }
