// svsm/core/byte_stream.h: the seam behind which bytes flow to and from a peer: a serial port,
// vsock, a socket, a pipe.
//
//   Bytes<4> header;
//   SVSM_TRY(stream.WriteAll(request));
//   SVSM_TRY(ReadExactly(stream, header));
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread, unless an
// implementation says more.
#ifndef SVSM_CORE_BYTE_STREAM_H_
#define SVSM_CORE_BYTE_STREAM_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm {

class ByteStream {
 public:
  // Reads at least one and at most out.size() bytes; waits as long as the implementation's timeout
  // allows. Errors: kConnectionClosed, kExhausted (timed out; the stream is still usable),
  // kIoError. Nothing was read then.
  virtual Result<std::size_t> ReadSome(ByteSpan out) = 0;
  // Writes all bytes. Errors: as ReadSome(); then an unknown part was written and the stream must
  // be given up.
  virtual Status WriteAll(ByteView in) = 0;

 protected:
  ~ByteStream() = default;
};

// Fills `out`, however many reads that takes. Errors: as ReadSome(); `out` is zero then.
Status ReadExactly(ByteStream& stream, ByteSpan out);

}  // namespace svsm

#endif  // SVSM_CORE_BYTE_STREAM_H_
