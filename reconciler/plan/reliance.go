package plan

import "slices"

// BlindMonitors says, for each monitor of these products that was asked and cannot
// be relied upon, why: while that is so, nothing of its product starts. Monitors
// that nobody has asked yet, because no spec in force names them, are left out.
func BlindMonitors(in Input, products []string) []string {
	if in.Policy == nil {
		return nil
	}
	c := &cycle{in: &in}
	var out []string
	for i := range in.Policy.Spec.Products {
		p := &in.Policy.Spec.Products[i]
		if !slices.Contains(products, p.Name) {
			continue
		}
		for j := range p.Spec.Monitors {
			m := &p.Spec.Monitors[j]
			key := MonitorKey{p.Name, m.Name}
			if _, asked := in.Signals.Sources[key]; !asked {
				continue
			}
			if why := c.monitorProblem(key, m); why != "" {
				out = append(out, "monitor "+m.Name+" of "+p.Name+" cannot be relied upon: "+why)
			}
		}
	}
	return out
}
