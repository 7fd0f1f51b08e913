// Package schedule is the calendar of windows: pure arithmetic on cron
// expressions, durations, dates and time zones.
//
// # Daylight saving time
//
// A window is read towards safety. A blackout is lengthened: one that should
// begin in an hour that does not exist begins where the gap begins, and one that
// begins in an hour that comes twice begins at the first and lasts until its
// duration has passed after the second. A maintenance window is shortened: it
// begins where the gap ends, and at the second of two equal hours, and ends as
// if it had begun at the first. The same holds for local dates.
//
// # Many windows
//
// Ten thousand windows and a hundred thousand clusters are a thousand million
// pairs. An [Index] evaluates each window once, remembers until when its state
// holds, and looks again only at those whose time has come.
package schedule
