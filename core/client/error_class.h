/// How a Java client reads an error of a produce response. [kafka Errors, RetriableException,
/// InvalidMetadataException, 3.9]
#pragma once

#include "core/base/error_code.h"

namespace core {

/// The exception of this error is a RetriableException.
bool is_retriable(ErrorCode error);

/// The exception is an InvalidMetadataException: the client's view of the leaders is stale.
bool is_invalid_metadata(ErrorCode error);

}  // namespace core
