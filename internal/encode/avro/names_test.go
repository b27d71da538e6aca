package avro_test

import "encoding/json"

// originalNames maps the Avro names of a schema to those in the records.
func originalNames(text string) map[string]string {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err)
	}
	names := make(map[string]string)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			if original, ok := v["originalName"].(string); ok {
				names[v["name"].(string)] = original
			}
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(v)
	return names
}

// unwrap undoes goavro's form of unions, {"type": value}.
func unwrap(v any, names map[string]string) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = unwrapUnion(v[i], names)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			if original, ok := names[k]; ok {
				k = original
			}
			out[k] = unwrapUnion(item, names)
		}
		return out
	}
	return v
}

func unwrapUnion(v any, names map[string]string) any {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		for _, item := range m {
			return unwrap(item, names)
		}
	}
	return unwrap(v, names)
}
