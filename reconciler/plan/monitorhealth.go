package plan

// MonitorHealth is how a monitor of a product in force stands.
type MonitorHealth struct {
	MonitorKey
	// Problem says why it cannot be relied upon; empty when it can.
	Problem string
	// Firing is on how many clusters of the fleet it fires.
	Firing int
}

// MonitorHealth returns how the monitors stand, in the order of the spec in force.
// Only the newest plan can.
func (p *Plan) MonitorHealth() []MonitorHealth {
	if p.memo == nil || p.memo.policy == nil {
		return nil
	}
	firing := map[MonitorKey]int{}
	for _, a := range p.memo.alerts {
		firing[MonitorKey{a.Product, a.Monitor}]++
	}
	var out []MonitorHealth
	for i := range p.memo.policy.Spec.Products {
		product := &p.memo.policy.Spec.Products[i]
		for k := range product.Spec.Monitors {
			key := MonitorKey{product.Name, product.Spec.Monitors[k].Name}
			out = append(out, MonitorHealth{key, p.cycle.monitorProblem(key, &product.Spec.Monitors[k]), firing[key]})
		}
	}
	return out
}
