package store

import (
	"fmt"
	"strings"
)

// permission names what a policy has to grant for op, and on what.
func (s *Store) permission(op Op) string {
	where := s.located()
	resource := where.Objects("*")
	if op == OpListObjects {
		resource = where.ARN()
	}
	actions := s.actions(op)
	for i, action := range actions {
		actions[i] = where.Action(action)
	}
	if actions[0] == actions[len(actions)-1] {
		actions = actions[:1] // a directory bucket grants sessions and nothing else
	}
	return fmt.Sprintf("%s on %s", inWords(actions), resource)
}

// actions are those of S3 that op needs.
func (s *Store) actions(op Op) []string {
	switch op {
	case OpAbortMultipartUpload:
		return []string{"AbortMultipartUpload"}
	case OpDeleteObject:
		return []string{"DeleteObject"}
	case OpHeadObject, OpGetObject:
		return []string{"GetObject"}
	case OpListObjects:
		return []string{"ListBucket"}
	case OpPutObject, OpCreateMultipartUpload, OpUploadPart, OpCompleteMultipartUpload:
	}
	return WriteActions(s.cfg.ACL != "", len(s.cfg.Tags) > 0)
}

// WriteActions are the actions of S3 that writing an object needs, PutObject
// first: a header for an ACL or for tags takes a right of its own.
func WriteActions(acl, tags bool) []string {
	actions := []string{"PutObject"}
	if acl {
		actions = append(actions, "PutObjectAcl")
	}
	if tags {
		actions = append(actions, "PutObjectTagging")
	}
	return actions
}

// inWords joins words as a sentence does.
func inWords(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
