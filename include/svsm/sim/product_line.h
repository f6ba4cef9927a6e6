// svsm/sim/product_line.h: what tells one AMD product line from another, as data.
//
//   for (const SplField& field : kTurin.url) {
//     Append(field.url_parameter, kTurin.usual_tcb[field.tcb_byte]);
//   }
//
// A ProductLine says how AMD names, numbers and encodes things for one line of processors; the
// certificate authority, the key service and the AMD-SP of the simulation all read it, and none of
// them asks which line it is. A further line is one more constant.
//
// Spec: AMD 57230 (VCEK and KDS), tables of X.509 extensions and of TCB_VERSION; order and bytes as
// in certificates that AMD issued. Profile: hosted. Allocates: never. Threads: constants.
#ifndef SVSM_SIM_PRODUCT_LINE_H_
#define SVSM_SIM_PRODUCT_LINE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/snp/product.h"
#include "svsm/snp/tcb.h"

namespace svsm::sim {

// A component of the TCB as a leaf certificate and a KDS URL name it.
struct SplField {
  std::uint8_t oid_arc;       // last arc of 1.3.6.1.4.1.3704.1.3.x
  std::uint8_t tcb_byte;      // its index in snp::RawTcb
  const char* url_parameter;  // "blSPL"; nullptr: not part of the URL
};

struct ProductLine {
  snp::Product product;
  const char* name;          // in subject names and URLs: "Milan"
  const char* product_name;  // extension .2 of a VCEK: "Milan-B0"; a VLEK's is the line's name
  std::uint8_t family;       // as in the report, versions 3 and later
  std::uint8_t model;
  std::uint8_t stepping;
  std::uint8_t struct_version;  // extension .1
  std::uint32_t ark_serial;
  std::uint32_t ask_serial;
  std::uint32_t asvk_serial;
  std::size_t hwid_size;  // of the 64 bytes of CHIP_ID those in use: 64 or 8
  // In the order of the certificate's extensions and of the URL's parameters.
  std::span<const SplField> spls;
  std::span<const SplField> url;
  snp::RawTcb usual_tcb;  // of a machine that nobody configured otherwise
};

namespace internal {
inline constexpr SplField kMilanSpls[] = {{1, 0, nullptr}, {2, 1, nullptr}, {4, 2, nullptr},
                                          {5, 3, nullptr}, {6, 4, nullptr}, {7, 5, nullptr},
                                          {3, 6, nullptr}, {8, 7, nullptr}};
inline constexpr SplField kMilanUrl[] = {
    {1, 0, "blSPL"}, {2, 1, "teeSPL"}, {3, 6, "snpSPL"}, {8, 7, "ucodeSPL"}};
inline constexpr SplField kTurinSpls[] = {{9, 0, nullptr}, {1, 1, nullptr}, {2, 2, nullptr},
                                          {3, 3, nullptr}, {5, 4, nullptr}, {6, 5, nullptr},
                                          {7, 6, nullptr}, {8, 7, nullptr}};
inline constexpr SplField kTurinUrl[] = {
    {9, 0, "fmcSPL"}, {1, 1, "blSPL"}, {2, 2, "teeSPL"}, {3, 3, "snpSPL"}, {8, 7, "ucodeSPL"}};
}  // namespace internal

inline constexpr ProductLine kMilan = {snp::Product::kMilan,
                                       "Milan",
                                       "Milan-B0",
                                       0x19,
                                       0x01,
                                       0x01,
                                       0,
                                       0x10000,
                                       0x10001,
                                       0x10101,
                                       64,
                                       internal::kMilanSpls,
                                       internal::kMilanUrl,
                                       {3, 0, 0, 0, 0, 0, 8, 115}};
inline constexpr ProductLine kGenoa = {snp::Product::kGenoa,
                                       "Genoa",
                                       "Genoa",
                                       0x19,
                                       0x11,
                                       0x01,
                                       0,
                                       0x20000,
                                       0x20002,
                                       0x20101,
                                       64,
                                       internal::kMilanSpls,
                                       internal::kMilanUrl,
                                       {9, 0, 0, 0, 0, 0, 21, 72}};
inline constexpr ProductLine kTurin = {snp::Product::kTurin,
                                       "Turin",
                                       "Turin",
                                       0x1A,
                                       0x02,
                                       0x01,
                                       1,
                                       0x30000,
                                       0x30001,
                                       0x30101,
                                       8,
                                       internal::kTurinSpls,
                                       internal::kTurinUrl,
                                       {1, 1, 1, 4, 0, 0, 0, 81}};

}  // namespace svsm::sim

#endif  // SVSM_SIM_PRODUCT_LINE_H_
