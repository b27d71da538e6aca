// Package template turns the folder and file_name templates into object keys:
// it parses and validates them when the configuration is read, renders a
// record's values into a partition path, and an object's number, clock and
// uuid into a key.
//
// # Two steps
//
// [Layout.AppendPath] renders what belongs to a record (variables, the
// record's date, today's date). Its result is the identity of a partition:
// records with equal paths share objects. Placeholders that belong to a chunk
// or an object (timestamp, H, M, S, source_range, chunk_id, uuid) stay behind as
// holes, one control byte each. [Layout.Name] fills those that the objects of one
// name share, and [Name.Key] the others when an object gets its key. Values can
// never contain such a byte, so a hole cannot be forged; [Readable] shows a path
// to people.
//
// Whatever may be added to a path later (the number that grows, the uuid, the
// source range, the suffix of a unique name) is reserved when the path is
// rendered: a record whose object could not be named is refused before it joins
// one.
//
// # Confinement
//
// A value never leaves the place that the template gives it. These bytes of a
// value are percent-encoded: '/', '\', '%', control characters (C0, DEL, C1),
// U+FFFE and U+FFFF (no XML listing could hold them) and whatever is not
// UTF-8. A value that is "." or ".." is encoded as a whole. Because '%' itself
// is encoded, two values never look alike, with one wanted exception: an empty
// value and the text __HIVE_DEFAULT_PARTITION__ both mean "no value".
//
// # Which keys are distinct
//
// Two partitions, that is two different paths, never share a key as long as
// chunk ids have five digits (up to 99,999). Four rules see to it:
//
//   - {{chunk_id}} with a variable both before and after it in one path segment
//     is refused: there a value could imitate the number next to it. So is
//     {{source_range}}.
//     {{a}}{{chunk_id}} is accepted, since the number has a fixed width at a
//     fixed distance from the end.
//   - Where the template has no {{chunk_id}} the number is appended as "-00002"
//     from the second object on. A value that would make the first object's
//     name end like that (a dash and five or more digits) has the dash, or the
//     first digit, encoded; a template that ends like that is refused.
//   - The extension is appended unless the template itself ends with it. What a
//     value ends with does not count: of the values "x" and "x.json" the names
//     are x.json and x.json.json.
//   - The path, not the tuple of values, is the partition: {{a}}{{b}} renders
//     ("x","yz") and ("xy","z") to one path and so to one partition. Put a
//     separator that the values do not contain between them to keep them apart.
//
// Not covered: {{timestamp}}, {{H}}, {{M}} or {{S}} between two variables of
// one segment. A value that contains exactly the text of the clock there can
// meet another partition's key in that second; the conditional write then
// moves on to the next number, and nothing is overwritten. Neither is a variable
// in front of {{source_range}}, where it ends as the name of another topic
// begins, and both have the same offsets.
package template
