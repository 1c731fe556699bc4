//! A timer that is on time: that of the event loop counts whole milliseconds, in which a server answers many calls.

use tokio::time::{Instant, sleep_until};

/// Wakes its task at a time, to some ten microseconds where the system has timers that can be waited for as files are, else
/// to a millisecond.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: Option<linux::Timer>,
}

impl Alarm {
    /// The best timer that there is.
    #[cfg(target_os = "linux")]
    pub(super) fn new() -> Self {
        Self { timer: linux::Timer::new().ok() }
    }

    /// The best timer that there is.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn new() -> Self {
        Self {}
    }

    /// Waits until this time. It may be dropped and called again, also for another time.
    pub(super) async fn at(&mut self, time: Instant) {
        #[cfg(target_os = "linux")]
        if let Some(timer) = &mut self.timer
            && timer.wait(time).await.is_ok()
        {
            return;
        }
        sleep_until(time).await;
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use std::io;
    use std::os::fd::OwnedFd;
    use tokio::io::unix::AsyncFd;
    use tokio::time::Instant;

    #[derive(Debug)]
    pub(super) struct Timer {
        file: AsyncFd<OwnedFd>,
        set: Option<Instant>,
    }

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[allow(deprecated)]
            // It is unsound for types that may answer another descriptor later. An `OwnedFd` does not.
            let file = AsyncFd::new(timer)?;
            Ok(Self { file, set: None })
        }

        pub(super) async fn wait(&mut self, time: Instant) -> io::Result<()> {
            if self.set != Some(time) {
                self.set(time)?;
            }
            while Instant::now() < time {
                let mut ready = self.file.readable().await?;
                // Nothing to read means that it was woken for a time that has been set before.
                let _ = ready.try_io(|file| Ok(rustix::io::read(file, &mut [0; 8])?));
            }
            Ok(())
        }

        fn set(&mut self, time: Instant) -> io::Result<()> {
            let left = time.saturating_duration_since(Instant::now());
            let it_value = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos().max(1)), // Nothing at all would take the timer off.
            };
            let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
            timerfd_settime(self.file.get_ref(), TimerfdTimerFlags::empty(), &Itimerspec { it_interval, it_value })?;
            self.set = Some(time);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn it_rings_at_the_time_and_not_before_also_when_it_was_set_to_another() {
        let mut alarm = Alarm::new();
        let start = Instant::now();
        let (soon, never) = (start + Duration::from_micros(300), start + Duration::from_secs(3600));
        tokio::select! {
            biased;
            () = alarm.at(never) => panic!("an hour has passed"),
            () = std::future::ready(()) => {}
        }

        for time in [soon, start, soon + Duration::from_micros(300)] {
            alarm.at(time).await;
            assert!(Instant::now() >= time);
        }
    }
}
