#include "format/streamed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"

namespace fullstop {

StreamedFile::StreamedFile(const std::string& path)
    : path_(path),
      temporary_(path + ".XXXXXX"),
      fd_(::mkstemp(temporary_.data())) {
  if (fd_ < 0) throw Error::System("can't write beside '" + path + "'", errno);
}

StreamedFile::~StreamedFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void StreamedFile::Write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      Fail();
    }
  }
}

void StreamedFile::Commit() {
  struct stat old;
  const bool replaces = ::stat(path_.c_str(), &old) == 0;
  const mode_t mode = replaces ? old.st_mode & 07777 : 0644;
  if (::fchmod(fd_, mode) != 0 || ::fsync(fd_) != 0) Fail();
  if (::close(std::exchange(fd_, -1)) != 0) Fail();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) Fail();
  temporary_.clear();
}

void StreamedFile::Fail() const {
  throw Error::System("can't write '" + path_ + "'", errno);
}

}  // namespace fullstop
