// svsm/kbs/bridge_page.h: a ByteStream over one page that the SVSM shares with its own guest, where
// a bridge (an UEFI application, a small service) carries the bytes on to a proxy or a broker.
//
//   BridgeStream stream(page, {.max_idle_turns = 100000});
//   stream.Init();
//   SVSM_TRY(RunClient(client, stream, buffer));
//
// For machines whose host offers neither vsock nor a port: the guest's own network does. The guest
// is no more trusted than a host's proxy, and what it may break is the exchange alone.
//
// The page, all numbers little-endian:
//
//   000  label "svsm-bridge-page", 16 bytes       010  u32 version = 1
//   014  u32 bytes written to the guest           018  u32 bytes that the guest read of them
//   01c  u32 bytes the guest wrote                020  u32 bytes read of them
//   024  u32 1: the SVSM is done                  028  u32 1: the guest is done
//   400  ring to the guest, 1024 bytes            800  ring from the guest, 1024 bytes
//
// Counters run on for ever, modulo 2^32; byte n of a direction lies at n mod 1024 of its ring. Each
// has one writer: 014, 020 and 024 the SVSM, 018, 01c and 028 the guest. A writer fills the ring
// before it moves its counter, with release order, and a reader reads a counter with acquire order.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_KBS_BRIDGE_PAGE_H_
#define SVSM_KBS_BRIDGE_PAGE_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/byte_stream.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"

namespace svsm::kbs {

inline constexpr std::size_t kBridgePageSize = 4096;
inline constexpr std::size_t kBridgeRingSize = 1024;
inline constexpr std::uint32_t kBridgeVersion = 1;

// The page, and the guest's turn. Offsets and sizes lie within the page.
class BridgePage {
 public:
  // An aligned counter, with acquire and release order.
  virtual std::uint32_t Load(std::size_t offset) = 0;
  virtual void Store(std::size_t offset, std::uint32_t value) = 0;
  // Copies, each byte once.
  virtual void Read(std::size_t offset, ByteSpan out) = 0;
  virtual void Write(std::size_t offset, ByteView in) = 0;
  // Lets the guest run until it calls, or for a time of the implementation's choice. Errors:
  // kConnectionClosed (it will not run again), kIoError.
  virtual Status Yield() = 0;

 protected:
  ~BridgePage() = default;
};

struct BridgeConfig {
  // Longest run of turns that the guest may take without moving a counter; 0: any.
  std::uint32_t max_idle_turns = 0;
};

class BridgeStream final : public ByteStream {
 public:
  // Borrows `page` for the object's life.
  BridgeStream(BridgePage& page, const BridgeConfig& config) : page_(page), config_(config) {}

  // Makes the page an empty one, whatever it held, and shows it as ready.
  void Init();
  // Tells the guest that nothing more comes.
  void Close();

  // Errors as ByteStream says: kConnectionClosed (the guest is done and all of its bytes are read,
  // or it will not run again), kExhausted, kIoError (detail = offset of a counter that no honest
  // guest writes; the stream must be given up).
  Result<std::size_t> ReadSome(ByteSpan out) override;
  Status WriteAll(ByteView in) override;

 private:
  Result<std::uint32_t> Incoming();
  Result<std::uint32_t> Room();
  Status Turn(std::uint32_t& idle);

  BridgePage& page_;
  BridgeConfig config_;
  // Kept here: what the page says of our own counters is never read back.
  std::uint32_t written_ = 0;
  std::uint32_t read_ = 0;
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_BRIDGE_PAGE_H_
