import { AutoComplete } from "@web/core/autocomplete/autocomplete";
import { registry } from "@web/core/registry";
import { useChildRef, useService } from "@web/core/utils/hooks";
import { CharField, charField } from "@web/views/fields/char/char_field";
import { useInputField } from "@web/views/fields/input_field_hook";

/** The code of an operator: chosen from Maventa's list, or any other text. */
export class OperatorField extends CharField {
    static template = "account_maventa.OperatorField";
    static components = { ...CharField.components, AutoComplete };

    setup() {
        super.setup();
        this.orm = useService("orm");
        this.inputRef = useChildRef();
        useInputField({
            getValue: () => this.value,
            parse: (text) => this.parse(text),
            ref: this.inputRef,
        });
    }

    get value() {
        return this.props.record.data[this.props.name] || "";
    }

    get sources() {
        return [{ options: (text) => this.search(text) }];
    }

    async search(text) {
        const operators = await this.orm.searchRead(
            "maventa.operator",
            ["|", ["name", "ilike", text], ["code", "ilike", text]],
            ["code", "display_name"],
            { limit: 8 }
        );
        return operators.map((operator) => ({
            label: operator.display_name,
            onSelect: () =>
                this.props.record.update({ [this.props.name]: operator.code }),
        }));
    }
}

registry.category("fields").add("maventa_operator", {
    ...charField,
    component: OperatorField,
});
