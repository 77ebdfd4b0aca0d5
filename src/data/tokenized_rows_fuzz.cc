// Reads the input as rows, and holds each against a small protocol.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "base/fuzz_file.h"
#include "data/label_check.h"
#include "data/tokenized_rows.h"
#include "protocol/byte_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fullstop::FuzzFile file;
  static const fullstop::ByteModel model =
      fullstop::ByteModel({"<s>", "</s>", "<end>"})
          .Template(
              "<s>{% for m in messages %}{{ m.role }}:{{ m.content }}<end>"
              "{% endfor %}");
  static const auto protocol = fullstop::TurnProtocol::Resolve(model.Sources());
  static const fullstop::LabelChecker checker(*protocol);
  file.Write(data, size);
  try {
    fullstop::TokenizedRows rows(file.path());
    fullstop::TokenizedRow row;
    while (rows.Next(&row)) {
      if (row.labels.size() != row.ids.size()) std::abort();
      for (const auto& each : checker.Check(row).findings) {
        if (each.begin > each.end || each.end > row.ids.size()) std::abort();
      }
    }
  } catch (const fullstop::Error&) {
    // What can't be read is told.
  }
  return 0;
}
