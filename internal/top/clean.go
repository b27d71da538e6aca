package top

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/s3-destination/s3-destination/internal/live"
)

// Clean replaces what does not print: names and reasons come from data, and a terminal
// would take some of it for orders.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\u00b7'
	}, text)
}

// cleanAll does that to every text of a state.
func cleanAll(s *live.State) { clean(reflect.ValueOf(s).Elem()) }

func clean(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(Clean(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				clean(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			clean(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			clean(v.Elem())
		}
	default: // numbers
	}
}
