// svsm/core/panic.h: what happens when the library finds a bug of its own or of its caller's code.
//
//   SVSM_CHECK(slot < num_slots);
//
//   extern "C" void svsm_panic(const char* what) {     // a firmware project's own
//     PutLine(what);
//     for (;;) Halt();
//   }
//
// Outside bytes never get here. Hosted builds print the text and abort; a firmware project links
// its own `svsm_panic`, the one function besides memcpy, memmove, memset and memcmp that the
// library asks of its host.
//
// Profile: freestanding. Allocates: never. Threads: any.
#ifndef SVSM_CORE_PANIC_H_
#define SVSM_CORE_PANIC_H_

// Must not return. `what` is a static, NUL-terminated string.
extern "C" [[noreturn]] void svsm_panic(const char* what);

// Ends the program when `condition` is false. Stays in release builds: a check that is worth having
// is worth shipping.
#define SVSM_CHECK(condition) ((condition) ? void() : svsm_panic("svsm: check failed: " #condition))

#endif  // SVSM_CORE_PANIC_H_
