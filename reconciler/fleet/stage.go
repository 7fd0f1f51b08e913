package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Stage is one step of the train: the cohorts that run side by side. In YAML it
// is a name or a list of names.
type Stage []string

// MarshalJSON renders a name, or a list of names.
func (s Stage) MarshalJSON() ([]byte, error) {
	if len(s) == 1 {
		return json.Marshal(s[0])
	}
	return json.Marshal([]string(s))
}

// UnmarshalJSON reads a name or a list of names.
func (s *Stage) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		var name string
		if err := json.Unmarshal(data, &name); err != nil {
			return fmt.Errorf("parse stage: %w", err)
		}
		*s = Stage{name}
		return nil
	}
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return fmt.Errorf("parse stage: %w", err)
	}
	*s = names
	return nil
}
