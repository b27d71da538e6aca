package courier

import "strings"

// mark separates the parts of a name. It is no part of UTF-8, as paths are.
const mark = "\xff"

// Name is what the spool calls the records that may be in one object: those with
// the same path, and the same schema and dataset where these matter.
func Name(path, schema, dataset string) string {
	if schema == "" && dataset == "" {
		return path
	}
	return path + mark + schema + mark + dataset
}

// Path is the path in a name.
func Path(name string) string {
	path, _ := parts(name)
	return path
}

// parts of a name.
func parts(name string) (path, dataset string) {
	path, rest, _ := strings.Cut(name, mark)
	_, dataset, _ = strings.Cut(rest, mark)
	return path, dataset
}
