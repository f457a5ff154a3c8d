/* QR codes: libqrencode makes the modules; drawn in half blocks with colours of their own, or written as PNG. Of a text
 * in capitals each pair of letters takes 11 bits instead of 16. The lowest level of correction is enough for a screen,
 * and a text that was misread fails its own checksum. */
#include "qr.h"
#include <errno.h>
#include <limits.h>
#include <png.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "new_file.h"

#define QUIET         4  /* modules of white around it, without which readers do not find it */
#define PIXELS        8u /* a module's side */
#define SCHEME        "UNCIA:"
#define QR_TEXT_SIZE  512u /* a request has at most 320 characters */
#define DARK          1u
#define COLOURS_RESET "\033[0m"

int qr_check(const struct call *call)
{
	if (call->json && call->value[OPTION_QR])
		return cli_complain_usage(call,
		                          "--qr draws for people: with --json, --qr-file writes the code to a file");
	const char *path = call->value[OPTION_QR_FILE];
	struct stat status;
	if (path && lstat(path, &status) == 0)
		return cli_complain(EXIT_FAILED, "%s: %s", path, strerror(EEXIST));
	return 0;
}

/* The text as it is put into a code. Returns whether it fits. */
static bool qr_capitals(const char *text, char capitals[QR_TEXT_SIZE])
{
	const char *scheme = strchr(text, ':') ? "" : SCHEME;
	int length = snprintf(capitals, QR_TEXT_SIZE, "%s%s", scheme, text);
	for (char *c = capitals; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return length > 0 && (unsigned)length < QR_TEXT_SIZE;
}

/* NULL with errno. */
static QRcode *qr_make(const char *text)
{
	char capitals[QR_TEXT_SIZE];
	if (!qr_capitals(text, capitals)) {
		errno = ERANGE;
		return NULL;
	}
	QRinput *input = QRinput_new2(0, QR_ECLEVEL_L);
	QRcode *code = NULL;
	if (input && !QRinput_append(input, QR_MODE_AN, (int)strlen(capitals), (const unsigned char *)capitals))
		code = QRcode_encodeInput(input);
	QRinput_free(input);
	explicit_bzero(capitals, sizeof(capitals));
	return code;
}

/* Whether a module is dark; rows and columns go from 0, the quiet zone among them. */
static bool is_dark(const QRcode *code, int row, int column)
{
	row -= QUIET;
	column -= QUIET;
	if (row < 0 || column < 0 || row >= code->width || column >= code->width)
		return false;
	return code->data[row * code->width + column] & DARK;
}

/* ---- on the terminal ------------------------------------------------------------------------- */

/* Black and white as they are, not what a theme has made of them. */
static const char *colours(bool top_dark, bool bottom_dark)
{
	static const char *const sequences[2][2] = {{"\033[38;5;231;48;5;231m", "\033[38;5;231;48;5;16m"},
	                                            {"\033[38;5;16;48;5;231m", "\033[38;5;16;48;5;16m"}};
	return sequences[top_dark][bottom_dark];
}

static void draw_row(const QRcode *code, int row, bool coloured)
{
	/* Without colours for a dark terminal: what is light there is drawn. */
	static const char *const plain[2][2] = {{"█", "▀"}, {"▄", " "}};
	const char *last = "";
	for (int column = 0; column < code->width + 2 * QUIET; column++) {
		bool top = is_dark(code, row, column), bottom = is_dark(code, row + 1, column);
		if (!coloured) {
			fputs(plain[top][bottom], stdout);
			continue;
		}
		const char *sequence = colours(top, bottom);
		if (strcmp(sequence, last) != 0)
			fputs(sequence, stdout);
		fputs("▀", stdout);
		last = sequence;
	}
	puts(coloured ? COLOURS_RESET : "");
}

static int qr_draw(const QRcode *code)
{
	const char *no_color = getenv("NO_COLOR");
	bool terminal = isatty(STDOUT_FILENO);
	struct winsize size;
	int columns = code->width + 2 * QUIET;
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 && size.ws_col < columns)
		return cli_complain(
		    EXIT_FAILED,
		    "the terminal has %u columns, and the QR code needs %d: make it wider, or use --qr-file",
		    size.ws_col, columns);
	/* Of an odd number of rows the last line has one, and one more of the quiet zone. */
	for (int row = 0; row < columns; row += 2)
		draw_row(code, row, terminal && !(no_color && *no_color));
	return 0;
}

/* ---- as a picture ---------------------------------------------------------------------------- */

static bool write_png(FILE *file, const void *what)
{
	const QRcode *code = what;
	png_uint_32 side = (png_uint_32)(code->width + 2 * QUIET) * PIXELS;
	png_image image = {.version = PNG_IMAGE_VERSION, .width = side, .height = side, .format = PNG_FORMAT_GRAY};
	png_byte *pixels = calloc(side, side);
	if (!pixels)
		return false;
	for (png_uint_32 i = 0; i < side * side; i++)
		pixels[i] = is_dark(code, (int)(i / side / PIXELS), (int)(i % side / PIXELS)) ? 0 : UCHAR_MAX;
	errno = 0;
	bool written = png_image_write_to_stdio(&image, file, 0, pixels, 0, NULL);
	if (!written && !errno)
		errno = ENOMEM; /* what libpng has no number for */
	png_image_free(&image);
	free(pixels);
	return written;
}

int qr_show(const struct call *call, const char *text, mode_t mode)
{
	const char *path = call->value[OPTION_QR_FILE];
	if (!path && !call->value[OPTION_QR])
		return 0;
	QRcode *code = qr_make(text);
	if (!code)
		return cli_complain(EXIT_FAILED, "the QR code: %s", strerror(errno));
	int result = path ? new_file_write(path, mode, write_png, code) : 0;
	if (!result && call->value[OPTION_QR])
		result = qr_draw(code);
	explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return result;
}
