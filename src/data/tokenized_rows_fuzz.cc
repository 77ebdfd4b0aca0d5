// Reads the input as rows, and holds each against a small protocol.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "data/label_check.h"
#include "data/tokenized_rows.h"
#include "protocol/byte_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path = std::filesystem::temp_directory_path() /
                                  ("rows_fuzz." + std::to_string(getpid()));
  static const fullstop::ByteModel model =
      fullstop::ByteModel({"<s>", "</s>", "<end>"})
          .Template(
              "<s>{% for m in messages %}{{ m.role }}:{{ m.content }}<end>"
              "{% endfor %}");
  static const auto protocol = fullstop::TurnProtocol::Resolve(model.Sources());
  static const fullstop::LabelChecker checker(*protocol);
  fullstop::WriteFileAtomically(path,
                                {reinterpret_cast<const char*>(data), size});
  try {
    fullstop::TokenizedRows rows(path);
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
  std::filesystem::remove(path);
  return 0;
}
