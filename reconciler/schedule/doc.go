// Package schedule is the calendar of windows: pure arithmetic on cron
// expressions, durations, dates and time zones.
//
// # Daylight saving time
//
// A window is read towards safety: where a beginning or an end may mean more than
// one moment, a blackout is lengthened and maintenance is shortened.
//
//   - A beginning in an hour that does not exist is the moment at which the
//     clocks jump over it.
//   - A beginning in an hour that comes twice is the first for a blackout, the
//     second for maintenance.
//   - An occurrence can end by the stopwatch, when its duration has passed since
//     it began, or by the clock on the wall, when the clocks show its beginning
//     plus its duration. A blackout ends with the later of the two, and counts
//     from the second of two equal beginnings. Maintenance ends with the earlier,
//     and counts from the first. So maintenance within the hour in question is
//     left out that night.
//
// From and until are read in the same way.
//
// # Many windows
//
// Ten thousand windows and a hundred thousand clusters are a thousand million
// pairs. An [Index] evaluates each window once, remembers until when its state
// holds, and looks again only at those whose time has come.
package schedule
