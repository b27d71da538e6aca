package jsonscan

// Undecided reports whether a valid JSON value says no more about what its place
// holds than null does: null itself, and lists and objects that have nothing but
// such values in them, such as [], {}, [null] and {"a":[]}.
func Undecided(raw []byte) bool {
	for i := skipSpace(raw, 0); i < len(raw); i = skipSpace(raw, i) {
		switch raw[i] {
		case '[', ']', '{', '}', ',':
			i++
		case 'n':
			i += len("null")
		case '"':
			end, _, err := scanString(raw, i)
			if err != nil {
				return false
			}
			if i = skipSpace(raw, end); i >= len(raw) || raw[i] != ':' {
				return false // not a name
			}
			i++
		default:
			return false
		}
	}
	return true
}
