package encodetest

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

func (z *Tables) same(want any, got map[string]any) error {
	if !z.Text {
		return exactly(want, got)
	}
	for name, v := range want.(map[string]any) {
		if text, _ := got[name].(string); (v != nil || text != "") && !says(text, v) {
			return fmt.Errorf("%q: %s is not %v", name, text, v)
		}
	}
	return nil
}

// exactly is landed with numbers that must be the same digit for digit.
func exactly(want, got any) error {
	number, ok := want.(json.Number)
	switch want := want.(type) {
	case map[string]any:
		if row, ok := got.(map[string]any); ok {
			for k, v := range want {
				if err := exactly(v, row[k]); err != nil {
					return fmt.Errorf("%q: %w", k, err)
				}
			}
			return nil
		}
	case []any:
		if items, ok := got.([]any); ok && len(items) == len(want) {
			for i := range want {
				if err := exactly(want[i], items[i]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if !ok {
		return landed(want, got)
	}
	text, isText := got.(string)
	if !isText {
		text = JSON(got)
	}
	a, okA := new(big.Rat).SetString(number.String())
	b, okB := new(big.Rat).SetString(text)
	sameSign := strings.HasPrefix(number.String(), "-") == strings.HasPrefix(text, "-")
	if text != number.String() && (!okA || !okB || a.Cmp(b) != 0 || !sameSign) {
		return fmt.Errorf("%s is not %s", text, number)
	}
	return nil
}
