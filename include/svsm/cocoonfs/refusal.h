// svsm/cocoonfs/refusal.h: why an image could not be opened, as a reason that people and policies
// can act upon.
//
//   const Status status = fs.Open(key, options);
//   if (!status.ok()) Log(RefusalText(WhyRefused(status, salt_found, salt_expected)));
//
// The cryptography cannot tell a wrong key from an image whose first authenticated bytes were
// changed, nor from an image that another key was made for. Who knows the salt of the image that
// it expects (it is not secret) can tell the last one.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_COCOONFS_REFUSAL_H_
#define SVSM_COCOONFS_REFUSAL_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm::cocoonfs {

enum class Refusal : std::uint8_t {
  kNone,         // not refused
  kNoKey,        // there is no key; for callers, WhyRefused() never says it
  kWrongKey,     // the key does not open this image, or its first authenticated bytes were changed
  kOtherImage,   // another image than the expected one, or none at all
  kTampered,     // the key is right, and the bytes are not those that were written
  kNotMade,      // a creation header, and nobody said that the image may be made
  kUnsupported,  // a version, algorithm or block size that this library does not know
  kIo,           // the device failed
  kOutOfMemory,
  kOther,  // a caller's mistake, or a library below that failed
};

// The reason for a Status of FileSystem::Open() or of a function that reads an open image. The
// salts, where both are known (not empty), tell kOtherImage from kWrongKey and kTampered.
Refusal WhyRefused(Status status, ByteView salt_found, ByteView salt_expected);

// A word for logs and scripts ("wrong-key"), and a sentence for people, without a full stop. Static
// strings; "?" for a value outside the list.
const char* RefusalName(Refusal refusal);
const char* RefusalText(Refusal refusal);

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_REFUSAL_H_
