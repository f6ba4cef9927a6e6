// Where things are in the fake machine.
#ifndef SVSM_TESTS_PROTOCOL_PLACES_H_
#define SVSM_TESTS_PROTOCOL_PLACES_H_

#include "svsm/core/strong.h"
#include "svsm/protocol/vmsa.h"
#include "tests/protocol/fakes.h"

namespace svsm::protocol {

inline constexpr Gpa kVmsa0 = FakeMachine::Frame(0x10);
inline constexpr Gpa kArea0 = FakeMachine::Frame(0x20);
inline constexpr Gpa kVmsa1 = FakeMachine::Frame(0x11);
inline constexpr Gpa kArea1 = FakeMachine::Frame(0x21);
inline constexpr Gpa kFree = FakeMachine::Frame(0x40);  // from here on, up to 0xFF, nothing is used
inline constexpr Gpa kSvsmPage = FakeMachine::Frame(FakeMachine::kFirstSvsm);
inline constexpr Gpa kNowhere = FakeMachine::Frame(FakeMachine::kFrames);
inline constexpr std::uint64_t kFeatures = 0x29;
inline constexpr std::uint64_t kEfer = kEferSvme | 0xD01;

constexpr Gpa Plus(Gpa gpa, std::uint64_t offset) { return Gpa(gpa.value() + offset); }

}  // namespace svsm::protocol

#endif  // SVSM_TESTS_PROTOCOL_PLACES_H_
