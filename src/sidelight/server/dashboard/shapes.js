// The shapes that a canvas draws for marks and for meetings: each kind and each severity has its own, whatever its colour.

/** By the shape of a mark. An intent is a bar, which the timeline draws itself. */
export const shapes = {
  edit(ink, x, y, size) {
    ink.fillRect(x - 1, y - size, 2, 2 * size);
  },
  commit(ink, x, y) {
    ink.beginPath();
    ink.arc(x, y, 3.5, 0, 7);
    ink.fill();
  },
  publish(ink, x, y) {
    ink.beginPath();
    ink.moveTo(x, y - 5);
    ink.lineTo(x + 5, y + 4);
    ink.lineTo(x - 5, y + 4);
    ink.fill();
  },
  run(ink, x, y) {
    ink.lineWidth = 1.5;
    ink.strokeRect(x - 3, y - 3, 6, 6);
  },
  change(ink, x, y) {
    ink.fillRect(x - 3.5, y - 3.5, 7, 7);
  },
  destroy(ink, x, y) {
    ink.lineWidth = 2.2;
    ink.beginPath();
    ink.moveTo(x - 4, y - 4);
    ink.lineTo(x + 4, y + 4);
    ink.moveTo(x + 4, y - 4);
    ink.lineTo(x - 4, y + 4);
    ink.stroke();
  },
  intent() {},
};

function closed(ink, edge) {
  ink.closePath();
  ink.fill();
  ink.strokeStyle = edge;
  ink.stroke();
}

/** What stands where two met, by severity, with an edge in the colour of the ground. */
export const heading = {
  conflict(ink, x, y, size, edge) {
    ink.beginPath();
    ink.moveTo(x, y - size - 1);
    ink.lineTo(x + size + 1, y);
    ink.lineTo(x, y + size + 1);
    ink.lineTo(x - size - 1, y);
    closed(ink, edge);
  },
  overlap(ink, x, y, size, edge) {
    ink.beginPath();
    ink.moveTo(x, y - size);
    ink.lineTo(x + size, y + size * 0.8);
    ink.lineTo(x - size, y + size * 0.8);
    closed(ink, edge);
  },
  nearby(ink, x, y, size, edge) {
    ink.beginPath();
    ink.arc(x, y, size * 0.8, 0, 7);
    closed(ink, edge);
  },
};
