#include "cli/input_history.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace fullstop::cli {
namespace {

constexpr int kSize = 1000;
// More lines than this, and the file is written anew with the last kSize.
constexpr ptrdiff_t kMostLines = 2 * kSize;
constexpr size_t kLongest = 1 << 16;

}  // namespace

InputHistory::InputHistory(std::string file)
    : file_(std::move(file)), history_(::history_init()) {
  HistEvent event;
  ::history(history_, &event, H_SETSIZE, kSize);
  ::history(history_, &event, H_SETUNIQUE, 1);
  if (file_.empty()) return;
  try {
    Load();
  } catch (const Error& error) {
    problem_ = error.message();
  }
}

InputHistory::~InputHistory() { ::history_end(history_); }

void InputHistory::Load() {
  const std::filesystem::path folder =
      std::filesystem::path(file_).parent_path();
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    throw Error::System("can't make the folder '" + folder.string() + "'",
                        failure.value());
  }
  if (::access(folder.c_str(), W_OK) != 0) {
    throw Error::System("can't write to '" + folder.string() + "'", errno);
  }
  if (!std::filesystem::exists(file_, failure)) return;
  const std::string content = ReadFile(file_);
  if (content.empty()) return;
  HistEvent event;
  if (::history(history_, &event, H_LOAD, file_.c_str()) < 0) {
    throw Error::Format("'" + file_ + "' is no history");
  }
  if (std::count(content.begin(), content.end(), '\n') > kMostLines) {
    WriteFileAtomically(file_, Encoded(kSize));
  }
}

void InputHistory::Add(const std::string& text) {
  HistEvent event;
  ::history(history_, &event, H_ENTER, text.c_str());
  if (file_.empty() || !problem_.empty() || text.size() > kLongest) return;
  try {
    Append(Encoded(1));
  } catch (const Error& error) {
    problem_ = error.message();
  }
}

void InputHistory::Append(const std::string& newest) {
  const int fd =
      ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const off_t before = fd < 0 ? 0 : ::lseek(fd, 0, SEEK_END);
  // The first line names the format.
  const size_t first = newest.find('\n') + 1;
  const size_t last = newest.rfind('\n', newest.size() - 2) + 1;
  const std::string line =
      (before == 0 ? newest.substr(0, first) : "") + newest.substr(last);
  const ssize_t written = fd < 0 ? -1 : ::write(fd, line.data(), line.size());
  const int error_number = written < 0 ? errno : ENOSPC;
  const bool whole = written == static_cast<ssize_t>(line.size());
  // Half a line is taken back.
  if (written > 0 && !whole && ::ftruncate(fd, before) != 0) errno = 0;
  if (fd >= 0) ::close(fd);
  if (!whole) {
    throw Error::System("can't write '" + file_ + "'", error_number);
  }
}

std::string InputHistory::Encoded(size_t count) {
  // libedit sets the mode of what it writes to: a stream with a descriptor.
  std::FILE* stream = ::fdopen(::memfd_create("history", MFD_CLOEXEC), "w+");
  if (stream == nullptr) throw Error::System("can't write in memory", errno);
  HistEvent event;
  ::history(history_, &event, H_NSAVE_FP, count, stream);
  std::string encoded(static_cast<size_t>(std::max(0L, std::ftell(stream))),
                      '\0');
  std::rewind(stream);
  encoded.resize(std::fread(encoded.data(), 1, encoded.size(), stream));
  std::fclose(stream);
  return encoded;
}

}  // namespace fullstop::cli
