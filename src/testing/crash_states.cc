#include "svsm/testing/crash_states.h"

#include <algorithm>
#include <random>
#include <utility>

namespace svsm::testing {

struct CrashStates::Visit {
  FaultDevice& device;
  const std::function<bool(const CrashState&)>& function;
  std::mt19937_64 random;
  CrashState state;
  std::size_t count = 0;

  // The device holds the state.
  bool Now(std::size_t end_event) {
    state.end_event = end_event;
    ++count;
    const bool go_on = function(state);
    device.Rewind();
    return go_on;
  }
};

namespace {

bool IsWrite(const DeviceEvent& event) {
  return event.call == DeviceCall::kWrite || event.call == DeviceCall::kTrim;
}

}  // namespace

CrashStates::CrashStates(ByteView base, const DeviceLog& log, const CrashOptions& options)
    : base_(base), log_(log), options_(options) {
  FindEpochs();
}

void CrashStates::FindEpochs() {
  Epoch epoch;
  for (std::size_t i = 0; i < log_.events.size(); ++i) {
    if (IsWrite(log_.events[i])) {
      epoch.writes.push_back(i);
    } else if (i != options_.ignored_order && !epoch.writes.empty()) {
      epoch.end = i;
      epochs_.push_back(std::move(epoch));
      epoch = Epoch{};
      epoch.begin = i + 1;
    }
  }
  epoch.end = log_.events.size();
  if (!epoch.writes.empty()) epochs_.push_back(std::move(epoch));
  for (Epoch& each : epochs_) {
    std::size_t i = each.end;
    while (i < log_.events.size() &&
           (log_.events[i].call != DeviceCall::kFlush || i == options_.ignored_order ||
            i == options_.ignored_durability)) {
      ++i;
    }
    each.last_moment = i;
  }
}

// Bytes `begin` to `end` of the event.
void CrashStates::Apply(FaultDevice& device, const DeviceEvent& event, std::size_t begin,
                        std::size_t end) const {
  if (event.call == DeviceCall::kWrite) {
    device.Poke(event.offset_bytes + begin, log_.DataOf(event).subspan(begin, end - begin));
    return;
  }
  ByteVector garbage(end - begin);
  FillTrimmed(event.offset_bytes + begin, garbage);
  device.Poke(event.offset_bytes + begin, garbage);
}

// Every prefix but the whole, which the next epoch begins with, and every tear of what comes next.
bool CrashStates::VisitCuts(Visit& visit, const Epoch& epoch) const {
  for (std::size_t n = 0; n < epoch.writes.size(); ++n) {
    for (std::size_t i = 0; i < n; ++i) {
      const DeviceEvent& event = log_.events[epoch.writes[i]];
      Apply(visit.device, event, 0, event.size_bytes);
    }
    if (!visit.Now(n == 0 ? epoch.begin : epoch.writes[n - 1] + 1)) return false;
    if (!VisitTears(visit, epoch, n)) return false;
  }
  return true;
}

bool CrashStates::VisitTears(Visit& visit, const Epoch& epoch, std::size_t count) const {
  const DeviceEvent& torn = log_.events[epoch.writes[count]];
  const std::size_t pieces = torn.size_bytes / kTearBytes;
  for (std::size_t n = 1; n < pieces; ++n) {
    if (!options_.tear_everywhere && n != 1 && n != pieces / 2 && n != pieces - 1) continue;
    for (const bool front : {true, false}) {
      for (std::size_t i = 0; i < count; ++i) {
        const DeviceEvent& event = log_.events[epoch.writes[i]];
        Apply(visit.device, event, 0, event.size_bytes);
      }
      Apply(visit.device, torn, front ? 0 : n * kTearBytes,
            front ? n * kTearBytes : torn.size_bytes);
      if (!visit.Now(epoch.writes[count] + 1)) return false;
    }
  }
  return true;
}

bool CrashStates::VisitSubsets(Visit& visit, const Epoch& epoch) const {
  const std::size_t n = epoch.writes.size();
  const auto one = [&](const auto& wanted) {
    std::size_t end = epoch.begin;
    for (std::size_t i = 0; i < n; ++i) {
      if (!wanted(i)) continue;
      const DeviceEvent& event = log_.events[epoch.writes[i]];
      Apply(visit.device, event, 0, event.size_bytes);
      end = epoch.writes[i] + 1;
    }
    return visit.Now(end);
  };
  if (n <= options_.max_exhaustive_writes) {
    for (std::size_t set = 1; set < std::size_t{1} << n; ++set) {
      if ((set & (set + 1)) == 0 && set + 1 != std::size_t{1} << n) continue;  // a prefix: seen
      if (!one([&](std::size_t i) { return (set >> i & 1) != 0; })) return false;
    }
    return true;
  }
  for (std::size_t k = 0; k < n; ++k) {
    if (!one([&](std::size_t i) { return i != k; })) return false;
    if (!one([&](std::size_t i) { return i == k; })) return false;
  }
  for (std::size_t k = 0; k < options_.write_samples; ++k) {
    const std::uint64_t share = visit.random() % 7 + 1;  // eighths
    if (!one([&](std::size_t) { return visit.random() % 8 < share; })) return false;
  }
  return true;
}

bool CrashStates::VisitPieces(Visit& visit, const Epoch& epoch) const {
  for (std::size_t k = 0; k < options_.piece_samples; ++k) {
    const std::uint64_t share = k % 3 == 0 ? 60 : visit.random() % 63 + 1;  // of 64
    std::size_t end = epoch.begin;
    for (const std::size_t index : epoch.writes) {
      const DeviceEvent& event = log_.events[index];
      for (std::size_t at = 0; at < event.size_bytes; at += kTearBytes) {
        if (visit.random() % 64 >= share) continue;
        Apply(visit.device, event, at, std::min<std::size_t>(at + kTearBytes, event.size_bytes));
        end = index + 1;
      }
    }
    if (!visit.Now(end)) return false;
  }
  return true;
}

std::size_t CrashStates::ForEach(FaultDevice& device,
                                 const std::function<bool(const CrashState&)>& visit) {
  Visit each{device, visit, std::mt19937_64(options_.seed), {}, 0};
  device.SetBase(base_);
  ByteVector image(base_.begin(), base_.end());
  for (std::size_t i = 0; i < epochs_.size(); ++i) {
    const Epoch& epoch = epochs_[i];
    each.state.epoch = i;
    each.state.last_moment = epoch.last_moment;
    const bool wanted = options_.only_around == kNoEvent ||
                        (options_.only_around >= epoch.begin && options_.only_around <= epoch.end);
    if (!wanted) {
      // Nothing to see.
    } else if (!VisitCuts(each, epoch) || !VisitSubsets(each, epoch) || !VisitPieces(each, epoch)) {
      return each.count;
    }
    for (const std::size_t index : epoch.writes) {
      const DeviceEvent& event = log_.events[index];
      Apply(device, event, 0, event.size_bytes);
    }
    image.assign(device.image().begin(), device.image().end());
    device.SetBase(image);
  }
  if (options_.only_around != kNoEvent) return each.count;
  each.state.epoch = epochs_.size();
  each.state.last_moment = log_.events.size();
  (void)each.Now(log_.events.size());
  return each.count;
}

}  // namespace svsm::testing
