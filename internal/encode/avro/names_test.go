package avro_test

import "encoding/json"

// asWritten turns what goavro has read back into what was written: fields get
// the names that they have in the records, and unions are unwrapped.
func asWritten(schemaText string, v any) map[string]any {
	var typ any
	if err := json.Unmarshal([]byte(schemaText), &typ); err != nil {
		panic(err)
	}
	return unwrap(typ, v).(map[string]any)
}

func unwrap(typ, v any) any {
	switch typ := typ.(type) {
	case []any: // a union of null and one type
		if v == nil {
			return nil
		}
		for _, item := range v.(map[string]any) {
			return unwrap(typ[1], item)
		}
	case map[string]any:
		switch typ["type"] {
		case "record":
			out := make(map[string]any)
			for _, f := range typ["fields"].([]any) {
				field := f.(map[string]any)
				name := field["name"].(string)
				original, ok := field["originalName"].(string)
				if !ok {
					original = name
				}
				out[original] = unwrap(field["type"], v.(map[string]any)[name])
			}
			return out
		case "map":
			out := make(map[string]any)
			for key, value := range v.(map[string]any) {
				out[key] = unwrap(typ["values"], value)
			}
			return out
		case "array":
			items := v.([]any)
			out := make([]any, len(items))
			for i := range items {
				out[i] = unwrap(typ["items"], items[i])
			}
			return out
		}
	}
	return v
}
