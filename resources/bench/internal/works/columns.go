package works

import (
	"fmt"
	"strings"

	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
)

// kind is what a column holds.
type kind int

const (
	word   kind = iota // text that never needs quotes
	text               // text that may
	whole              // integers
	number             // decimals
	flag               // booleans
	nested             // objects and lists
)

// column is a field of a data set, told to the peer, which does not find out
// by itself.
type column struct {
	name     string
	kind     kind
	nullable bool
}

func columns(d dataset.Name) []column {
	if d == dataset.Wide {
		return wideColumns()
	}
	return []column{
		{name: "event_id"},
		{name: "event_type"},
		{name: "event_time"},
		{name: "received_at"},
		{name: "user_id", kind: whole},
		{name: "session_id"},
		{name: "page_url", kind: text},
		{name: "referrer", kind: text, nullable: true},
		{name: "page_title", kind: text},
		{name: "ip"},
		{name: "country"},
		{name: "browser"},
		{name: "os"},
		{name: "user_agent", kind: text},
		{name: "screen_width", kind: whole},
		{name: "screen_height", kind: whole},
		{name: "price", kind: number},
		{name: "currency"},
		{name: "quantity", kind: whole},
		{name: "score", kind: number},
		{name: "converted", kind: flag},
		{name: "campaign_id", kind: whole, nullable: true},
		{name: "geo", kind: nested},
		{name: "tags", kind: nested},
		{name: "schema_version", kind: whole},
	}
}

func wideColumns() []column {
	var all []column
	for c := range 100 {
		switch c % 5 {
		case 0:
			all = append(all, column{name: fmt.Sprintf("dimension_%03d", c), kind: text})
		case 1:
			all = append(all, column{name: fmt.Sprintf("metric_count_%03d", c), kind: whole})
		case 2:
			all = append(all, column{name: fmt.Sprintf("metric_rate_%03d", c), kind: number})
		case 3:
			all = append(all, column{name: fmt.Sprintf("optional_%03d", c), kind: text, nullable: true})
		default:
			all = append(all, column{name: fmt.Sprintf("flag_%03d", c), kind: flag})
		}
	}
	return all
}

// csvMapping turns a record into a line of CSV. Only columns of free text pay
// for quotes. format is the fastest way that Bloblang has.
func csvMapping(d dataset.Name) string {
	var verbs, values []string
	for _, c := range columns(d) {
		verb, value := "%v", "this."+c.name
		switch c.kind {
		case text:
			verb = `\"%s\"`
			if c.nullable {
				value = fmt.Sprintf(`(this.%s | "")`, c.name)
			}
			value += `.replace_all("\"", "\"\"")`
		case nested:
			verb = `\"%s\"`
			value += `.format_json(no_indent: true).string().replace_all("\"", "\"\"")`
		case word, whole, number, flag:
			if c.nullable {
				value = fmt.Sprintf(`(this.%s | "")`, c.name)
			}
		}
		verbs, values = append(verbs, verb), append(values, value)
	}
	return fmt.Sprintf("- mapping: |\n    root = \"%s\".format(%s)", strings.Join(verbs, ","), strings.Join(values, ", "))
}

// csvJoin is csvMapping the way the documentation of the method join advises.
// It is slower than format.
func csvJoin(d dataset.Name) string {
	var values []string
	for _, c := range columns(d) {
		value := "this." + c.name
		if c.nullable {
			value = fmt.Sprintf(`(this.%s | "")`, c.name)
		}
		switch c.kind {
		case nested:
			value += ".format_json(no_indent: true)"
			fallthrough
		case text:
			value = `"\"" + ` + value + `.string().replace_all("\"", "\"\"") + "\""`
		case whole, number, flag:
			value += ".string()"
		case word:
		}
		values = append(values, value)
	}
	return fmt.Sprintf("- mapping: |\n    root = [%s].join(\",\")", strings.Join(values, ", "))
}

// header puts the line of names in front of an archive.
func header(d dataset.Name) string {
	var names []string
	for _, c := range columns(d) {
		names = append(names, c.name)
	}
	return fmt.Sprintf("- mapping: |\n    root = \"%s\\n\" + content().string()", strings.Join(names, ","))
}

// parquet is the processor of the documentation, with the schema that it
// demands. Timestamps stay text, which costs the peer least.
func parquet(d dataset.Name, compression string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- parquet_encode:\n    default_compression: %s\n    schema:\n", compression)
	for _, c := range columns(d) {
		if c.kind == nested {
			b.WriteString(map[string]string{"geo": parquetGeo, "tags": parquetTags}[c.name])
			continue
		}
		kinds := map[kind]string{word: "UTF8", text: "UTF8", whole: "INT64", number: "DOUBLE", flag: "BOOLEAN"}
		fmt.Fprintf(&b, "      - { name: %s, type: %s, optional: %t }\n", c.name, kinds[c.kind], c.nullable)
	}
	return b.String()
}

const (
	parquetGeo = `      - name: geo
        fields:
          - { name: city, type: UTF8 }
          - { name: lat, type: DOUBLE }
          - { name: lon, type: DOUBLE }
`
	parquetTags = "      - { name: tags, type: UTF8, repeated: true }\n"
)

// avro is the peer's processor for single records, with the schema that it
// demands.
func avro(d dataset.Name) string {
	var fields []string
	for _, c := range columns(d) {
		kinds := map[kind]string{word: `"string"`, text: `"string"`, whole: `"long"`, number: `"double"`, flag: `"boolean"`}
		t := kinds[c.kind]
		if c.kind == nested {
			t = map[string]string{"geo": avroGeo, "tags": `{"type":"array","items":"string"}`}[c.name]
		}
		if c.nullable {
			t = `["null",` + t + `]`
		}
		fields = append(fields, fmt.Sprintf(`{"name":%q,"type":%s}`, c.name, t))
	}
	schema := `{"type":"record","name":"row","fields":[` + strings.Join(fields, ",") + `]}`
	return "- avro:\n    operator: from_json\n    encoding: binary\n    schema: '" + schema + "'"
}

const avroGeo = `{"type":"record","name":"geo","fields":[{"name":"city","type":"string"},{"name":"lat","type":"double"},{"name":"lon","type":"double"}]}`
