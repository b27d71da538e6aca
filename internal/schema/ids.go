package schema

// number gives the fields below a node that have none the numbers after the last
// one. No number is used again: readers would take the one field for the other.
func (n *node) number(last *int) {
	inside := n.members
	if n.element != nil {
		inside = []*node{n.element}
	}
	if n.Type == Map && n.KeyID == 0 {
		*last++
		n.KeyID = *last
	}
	for _, m := range inside {
		if m.ID == 0 {
			*last++
			m.ID = *last
		}
	}
	for _, m := range inside {
		m.number(last)
	}
}

// keepNumbers takes the numbers of a node that this one replaces.
func (n *node) keepNumbers(old *node) {
	n.ID, n.KeyID = old.ID, old.KeyID
	for _, m := range n.members {
		if before := old.index[m.Name]; before != nil {
			m.keepNumbers(before)
		}
	}
	if n.element != nil && old.element != nil {
		n.element.keepNumbers(old.element)
	}
}
