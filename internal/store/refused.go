package store

import "errors"

// ErrRefused marks the error of an object that is refused although the
// destination is well: others are accepted, and this one will not be, however
// soon it is tried again.
var ErrRefused = errors.New("the destination accepts other objects and refuses this one")

// Refused reports whether err concerns one object alone, so that others must not
// wait for it and it need not be tried again soon: its folder is denied, its
// metadata is too large, its name cannot be had. It says nothing about whether
// a policy that changes can help.
func Refused(err error) bool {
	if errors.Is(err, ErrRefused) {
		return true
	}
	var e *Error
	return errors.As(err, &e) && e.Class == ClassInvalid
}
