import { registry } from "@web/core/registry";
import { formatSelection } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

const ICONS = { einvoice: "fa-bolt", email: "fa-envelope-o", print: "fa-print" };

/**
 * A channel as icon and word; on yellow, with the reason on hover, when there is one
 * for not having taken the channel that was planned.
 */
export class ChannelField extends Component {
    static template = "account_maventa.ChannelField";
    static props = {
        ...standardFieldProps,
        reasonField: { type: String, optional: true },
    };

    get value() {
        return this.props.record.data[this.props.name];
    }

    get icon() {
        return ICONS[this.value] || "";
    }

    get word() {
        const { selection } = this.props.record.fields[this.props.name];
        return formatSelection(this.value, { selection });
    }

    get reason() {
        return this.props.record.data[this.props.reasonField] || "";
    }
}

registry.category("fields").add("maventa_channel", {
    component: ChannelField,
    supportedTypes: ["selection"],
    extractProps: ({ options }) => ({
        reasonField: options.reason,
    }),
});
